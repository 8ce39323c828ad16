package cognito

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
)

// A group is GroupType of the API reference. Those of the settings are there from the start.
type group struct {
	GroupName        string
	UserPoolId       string
	Description      string `json:",omitempty"`
	Precedence       *int   `json:",omitempty"`
	RoleArn          string `json:",omitempty"`
	CreationDate     epoch
	LastModifiedDate epoch
}

// newGroups are the groups of the settings.
func newGroups(names []string, poolID string, now time.Time) []*group {
	var all []*group
	for _, name := range names {
		all = append(all, &group{GroupName: name, UserPoolId: poolID, CreationDate: epoch(now), LastModifiedDate: epoch(now)})
	}
	return all
}

// group returns the group of a name; the text of the refusal is observed.
func (p *Pool) group(name string) (*group, error) {
	if i := slices.IndexFunc(p.groups, func(g *group) bool { return g.GroupName == name }); i >= 0 {
		return p.groups[i], nil
	}
	return nil, errGroupNotFound
}

type groupInput struct {
	adminRequest
	GroupName, Description, RoleArn string
	Precedence                      *int
}

type groupResult struct{ Group *group }

// createGroup is CreateGroup; the text of the refusal is observed.
func (p *Pool) createGroup(_ context.Context, _ caller, in groupInput) (any, error) {
	if _, err := p.group(in.GroupName); err == nil {
		return nil, failure("GroupExistsException", "A group with the name already exists.")
	}
	g := newGroups([]string{in.GroupName}, p.options.PoolID, p.now())[0]
	g.Description, g.RoleArn, g.Precedence = in.Description, in.RoleArn, in.Precedence
	p.groups = append(p.groups, g)
	return groupResult{g}, nil
}

func (p *Pool) getGroup(_ context.Context, _ caller, in groupInput) (any, error) {
	g, err := p.group(in.GroupName)
	return groupResult{g}, err
}

// updateGroup is UpdateGroup. What is not sent stays.
func (p *Pool) updateGroup(_ context.Context, _ caller, in groupInput) (any, error) {
	g, err := p.group(in.GroupName)
	if err != nil {
		return nil, err
	}
	g.Description, g.RoleArn = cmp.Or(in.Description, g.Description), cmp.Or(in.RoleArn, g.RoleArn)
	if in.Precedence != nil {
		g.Precedence = in.Precedence
	}
	g.LastModifiedDate = epoch(p.now())
	return groupResult{g}, nil
}

// deleteGroup is DeleteGroup. Its members stay users.
func (p *Pool) deleteGroup(_ context.Context, _ caller, in groupInput) (any, error) {
	g, err := p.group(in.GroupName)
	if err != nil {
		return nil, err
	}
	p.groups = slices.DeleteFunc(p.groups, func(other *group) bool { return other == g })
	for _, u := range p.order {
		u.leave(in.GroupName)
	}
	return nil, nil
}

func (u *user) leave(name string) {
	u.groups = slices.DeleteFunc(u.groups, func(other string) bool { return other == name })
}

// configurationOf is what tokens say about the groups of a user. The preferred role is that of the
// group with the lowest precedence, if it is the only one with it (API reference, CreateGroup).
func (p *Pool) configurationOf(u *user) groupConfiguration {
	c := groupConfiguration{GroupsToOverride: append([]string{}, u.groups...), IAMRolesToOverride: []string{}}
	lowest := math.MaxInt
	for _, name := range u.groups {
		g, err := p.group(name)
		if err != nil || g.RoleArn == "" {
			continue
		}
		if !slices.Contains(c.IAMRolesToOverride, g.RoleArn) {
			c.IAMRolesToOverride = append(c.IAMRolesToOverride, g.RoleArn)
		}
		switch {
		case g.Precedence == nil || *g.Precedence > lowest:
		case *g.Precedence < lowest:
			lowest, c.PreferredRole = *g.Precedence, &g.RoleArn
		case c.PreferredRole != nil && *c.PreferredRole != g.RoleArn:
			c.PreferredRole = nil
		}
	}
	return c
}

type memberInput struct {
	adminUserRequest
	GroupName string
}

// adminAddUserToGroup is AdminAddUserToGroup. Adding a user twice is not an error.
func (p *Pool) adminAddUserToGroup(_ context.Context, c caller, in memberInput) (any, error) {
	if _, err := p.group(in.GroupName); err != nil {
		return nil, err
	}
	if !slices.Contains(c.user.groups, in.GroupName) {
		c.user.groups = append(c.user.groups, in.GroupName)
	}
	return nil, nil
}

// adminRemoveUserFromGroup is AdminRemoveUserFromGroup. Removing a user who is no member is not an
// error (derived).
func (p *Pool) adminRemoveUserFromGroup(_ context.Context, c caller, in memberInput) (any, error) {
	if _, err := p.group(in.GroupName); err != nil {
		return nil, err
	}
	c.user.leave(in.GroupName)
	return nil, nil
}

type groupsResult struct {
	Groups    []*group
	NextToken string `json:",omitempty"`
}

type groupsOfUserInput struct {
	adminUserRequest
	Limit     *int
	NextToken string
}

func (p *Pool) adminListGroupsForUser(_ context.Context, c caller, in groupsOfUserInput) (any, error) {
	all := slices.DeleteFunc(slices.Clone(p.groups), func(g *group) bool { return !slices.Contains(c.user.groups, g.GroupName) })
	// In the order in which the user was added.
	slices.SortStableFunc(all, func(a, b *group) int {
		return cmp.Compare(slices.Index(c.user.groups, a.GroupName), slices.Index(c.user.groups, b.GroupName))
	})
	return groupsPage(all, in.Limit, in.NextToken)
}

type listGroupsInput struct {
	adminRequest
	Limit     *int
	NextToken string
}

func (p *Pool) listGroups(_ context.Context, _ caller, in listGroupsInput) (any, error) {
	return groupsPage(p.groups, in.Limit, in.NextToken)
}

func groupsPage(all []*group, limit *int, token string) (any, error) {
	some, next, err := page(all, limit, token)
	return groupsResult{append([]*group{}, some...), next}, err
}

type usersInGroupInput struct {
	adminRequest
	GroupName string
	Limit     *int
	NextToken string
}

type usersInGroupResult struct {
	Users     []userResult
	NextToken string `json:",omitempty"`
}

// listUsersInGroup is ListUsersInGroup, oldest user first.
func (p *Pool) listUsersInGroup(_ context.Context, _ caller, in usersInGroupInput) (any, error) {
	if _, err := p.group(in.GroupName); err != nil {
		return nil, err
	}
	members := slices.DeleteFunc(slices.Clone(p.order), func(u *user) bool { return !slices.Contains(u.groups, in.GroupName) })
	some, next, err := page(members, in.Limit, in.NextToken)
	result := usersInGroupResult{[]userResult{}, next}
	for _, u := range some {
		result.Users = append(result.Users, userResult{u.facts(), u.listed()})
	}
	return result, err
}
