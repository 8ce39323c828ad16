package settings

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	poolName   = regexp.MustCompile(`^[\w\s+=,.@-]{1,128}$`) // Cognito's UserPoolNameType
	groupID    = regexp.MustCompile(`^\S{1,128}$`)
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
)

func (c checker) checkPool(p Pool) {
	c.matches("pool.name", p.Name, poolName, "1 to 128 letters, digits, spaces or any of _+=,.@-")
	if p.ID != "" {
		c.matches("pool.id", p.ID, poolName, "1 to 128 letters, digits, spaces or any of _+=,.@-")
	}
	if p.Region == "" {
		c.Report("pool.region", "is missing; write an AWS region, such as eu-central-1")
	} else {
		c.matches("pool.region", p.Region, regionName, "an AWS region, such as eu-central-1")
		if c.target != nil && regionName.MatchString(p.Region) {
			c.checkRegion(p.Region)
		}
	}
	c.checkTags(p.Tags)
	c.checkAttributes(p.Attributes)
	c.within("pool.passwordPolicy.minimumLength", p.PasswordPolicy.MinimumLength, 6, 99, "")
	c.within("pool.passwordPolicy.temporaryPasswordDays", p.PasswordPolicy.TemporaryPasswordDays, 1, 365, "")
	c.within("pool.passwordPolicy.historySize", p.PasswordPolicy.HistorySize, 0, 24, "")
	c.oneOf("pool.devices", p.Devices, "always", "on-prompt", "off")
	c.oneOf("pool.mfa", p.MFA, "off", "optional", "required")
}

func (c checker) checkTags(tags map[string]string) {
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		length, valueLength := utf8.RuneCountInString(tag), utf8.RuneCountInString(tags[tag])
		if length < 1 || length > 128 || strings.HasPrefix(strings.ToLower(tag), "aws:") || valueLength > 256 {
			c.Report("pool.tags."+tag, "must be 1 to 128 characters that do not begin with aws:, with a value of up to 256")
		}
	}
}

func (c checker) checkAttributes(attributes []Attribute) {
	if len(attributes) > 50 {
		c.Report("pool.attributes", "has %d entries; Cognito takes 50 custom attributes at most", len(attributes))
	}
	var names []string
	for i, a := range attributes {
		key := fmt.Sprintf("pool.attributes[%d]", i)
		switch {
		case strings.HasPrefix(a.Name, "custom:"):
			c.Report(key+".name", "is written without the prefix custom:")
		case IsStandardAttribute(a.Name):
			c.Report(key+".name", "is an attribute that every user pool has: %q; remove the entry, or take another name", a.Name)
		case !isName(a.Name, 20):
			c.Report(key+".name", "must be 1 to 20 characters without spaces, not %q", a.Name)
		}
		c.unique(key+".name", a.Name, names)
		names = append(names, a.Name)
		if a.MinLength < 0 || a.MaxLength > maxAttributeLength || a.MinLength > a.MaxLength {
			c.Report(key, "must have 0 <= minLength <= maxLength <= 2048")
		}
	}
}

func (c checker) checkGroups(groups []Group) {
	var names, ids []string
	for i, g := range groups {
		key := fmt.Sprintf("groups[%d]", i)
		if g.Name == "" {
			c.Report(key, "must be the name of a group, or have one as name")
			continue
		}
		if !isName(g.Name, 128) {
			c.Report(key, "must be 1 to 128 characters without spaces, not %q", g.Name)
		}
		c.unique(key, g.Name, names)
		c.identify(key, g.ID, g.Name, ids, names, groupID, "1 to 128 characters without spaces")
		names, ids = append(names, g.Name), append(ids, g.StableID())
	}
}
