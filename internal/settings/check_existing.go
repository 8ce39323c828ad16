package settings

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	poolID      = regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`) // Cognito's UserPoolIdType
	appClientID = regexp.MustCompile(`^[\w+]{1,128}$`)        // Cognito's ClientIdType
)

// checkExisting checks what is about a pool that exists: with one, its clients are named, and what
// the deployment would make in it is refused.
func (c checker) checkExisting(s *Settings) {
	pool := s.Pool.Existing
	if !c.Has("pool.existing") {
		for i, client := range s.Clients {
			if key := fmt.Sprintf("clients[%d].existing", i); client.Existing != (ExistingClient{}) {
				c.Report(key, "is for a user pool that exists: remove it, or name the pool as pool.existing")
			}
		}
		return
	}
	if pool.ID == "" {
		c.Report("pool.existing.id", "is missing; write the ID of the user pool, such as %s_Sample001", s.Pool.Region)
	} else if c.matches("pool.existing.id", pool.ID, poolID, "the ID of a user pool, such as eu-central-1_Sample001") {
		if region, _, _ := strings.Cut(pool.ID, "_"); region != s.Pool.Region && s.Pool.Region != "" {
			c.Report("pool.existing.id", "is a user pool of %s, and pool.region is %s; a deployment is in the region of its pool", region, s.Pool.Region)
		}
	}
	c.oneOf("pool.existing.userNames", pool.UserNames, GeneratedUserNames, ChosenUserNames)
	var ids []string
	for i, client := range s.Clients {
		key := fmt.Sprintf("clients[%d]", i)
		if client.Existing.ID == "" {
			c.Report(key+".existing.id", "is missing; write the ID of the app client in the pool of pool.existing")
		} else {
			c.matches(key+".existing.id", client.Existing.ID, appClientID, "the ID of an app client")
			c.unique(key+".existing.id", client.Existing.ID, ids)
			ids = append(ids, client.Existing.ID)
		}
		if client.Existing.Secret != "" {
			c.secret(key+".existing.secret", client.Existing.Secret, s.Pool.Region, "myapp/facebook")
		}
		if client.ID != "" {
			c.Report(key+".id", "is for an app client that the deployment makes; remove it")
		}
	}
	if s.Invitations.FollowUp {
		c.Report("invitations.followUp", "needs the trigger PreTokenGeneration, which poolpost attach does not write to the user pool of pool.existing; remove it")
	}
	if s.SignIn.FacebookAppID != "" {
		c.Report("signIn.facebookAppId", "would add a provider to the user pool of pool.existing, which is not the deployment's; remove it")
	}
}
