package cognito

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxPage is the most entries that one answer has (API reference, ListUsers
// and AdminListGroupsForUser).
const maxPage = 60

// page returns the entries from a token on, and the token of the next page.
func page[T any](all []T, limit *int, token string) (entries []T, next string, err error) {
	size := maxPage
	if limit != nil {
		size = *limit
	}
	if size < 0 || size > maxPage {
		return nil, "", invalidParameter("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 0 and %d", size, maxPage)
	}
	if size == 0 {
		size = maxPage
	}
	from := 0
	if token != "" {
		if from, err = strconv.Atoi(token); err != nil || from < 0 || from > len(all) {
			return nil, "", invalidParameter("Invalid pagination token.")
		}
	}
	to := min(from+size, len(all))
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return all[from:to], next, nil
}

type listUsersInput struct {
	adminRequest
	AttributesToGet []string
	Filter          string
	Limit           *int
	PaginationToken string
}

type listUsersResult struct {
	Users           []userResult
	PaginationToken string `json:",omitempty"`
}

// listUsers is ListUsers, oldest user first.
func (p *Pool) listUsers(_ context.Context, _ caller, in listUsersInput) (any, error) {
	matches, err := filter(in.Filter)
	if err != nil {
		return nil, err
	}
	var found []*user
	for _, u := range p.order {
		if matches(u) {
			found = append(found, u)
		}
	}
	found, next, err := page(found, in.Limit, in.PaginationToken)
	result := listUsersResult{[]userResult{}, next}
	for _, u := range found {
		result.Users = append(result.Users, userResult{u.facts(), only(u.listed(), in.AttributesToGet)})
	}
	return result, err
}

// only keeps the attributes of these names, or all when there are none.
func only(list []attribute, names []string) []attribute {
	if len(names) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(a attribute) bool { return !slices.Contains(names, a.Name) })
}

// filterForm is AttributeName Filter-Type "AttributeValue", where the value
// writes a quotation mark as \".
var filterForm = regexp.MustCompile(`^\s*"?([^\s"=^]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*$`)

// filter reads the filter of ListUsers (API reference): one attribute of those
// below, equal to a value or beginning with it. The first text is observed by the
// authors of moto, the other one is our own.
func filter(expression string) (func(*user) bool, error) {
	if strings.TrimSpace(expression) == "" {
		return func(*user) bool { return true }, nil
	}
	match := filterForm.FindStringSubmatch(expression)
	if match == nil {
		return nil, invalidParameter("Error while parsing filter")
	}
	name, prefix := match[1], match[2] == "^="
	wanted := regexp.MustCompile(`\\(.)`).ReplaceAllString(match[3], "$1")
	if !slices.Contains(searchable, name) {
		return nil, invalidParameter("Invalid search attribute: %s", name)
	}
	// An address is compared like a user name of the pool, without case.
	fold := name == "email" || name == "cognito:user_status"
	return func(u *user) bool {
		have, want := u.searched(name), wanted
		if fold {
			have, want = lower(have), lower(want)
		}
		return have == want || prefix && strings.HasPrefix(have, want)
	}, nil
}

var searchable = []string{
	"username", "sub", "cognito:user_status", "status",
	"email", "phone_number", "name", "given_name", "family_name", "preferred_username",
}

// searched is the value of a searchable attribute.
func (u *user) searched(name string) string {
	switch name {
	case "username":
		return u.name
	case "sub":
		return u.sub
	case "cognito:user_status":
		return u.status
	case "status":
		if u.disabled {
			return "Disabled"
		}
		return "Enabled"
	}
	return u.attributes[name]
}
