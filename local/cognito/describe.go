package cognito

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

type clientInput struct {
	adminRequest
	ClientId string
}

// describeUserPoolClient is DescribeUserPoolClient: what the CDK app deploys.
func (p *Pool) describeUserPoolClient(_ context.Context, _ caller, in clientInput) (any, error) {
	client, err := p.client(in.ClientId)
	if err != nil {
		return nil, err
	}
	description := map[string]any{ // UserPoolClientType of the API reference
		"UserPoolId":                      p.options.PoolID,
		"ClientId":                        in.ClientId,
		"ClientName":                      client.Name,
		"CreationDate":                    epoch(p.created),
		"LastModifiedDate":                epoch(p.created),
		"RefreshTokenValidity":            int(client.RefreshToken.Minutes()),
		"AccessTokenValidity":             int(client.AccessToken.Minutes()),
		"IdTokenValidity":                 int(client.IDToken.Minutes()),
		"TokenValidityUnits":              map[string]string{"RefreshToken": "minutes", "AccessToken": "minutes", "IdToken": "minutes"},
		"ExplicitAuthFlows":               client.AuthFlows,
		"ReadAttributes":                  client.Reads,
		"WriteAttributes":                 client.Writes,
		"AuthSessionValidity":             int(client.Session.Minutes()),
		"PreventUserExistenceErrors":      map[bool]string{true: "ENABLED", false: "LEGACY"}[client.HidesUsers],
		"EnableTokenRevocation":           client.RevokesTokens,
		"AllowedOAuthFlowsUserPoolClient": false, // hosted sign-in is deployed only
	}
	if client.Rotates {
		description["RefreshTokenRotation"] = map[string]any{"Feature": "ENABLED", "RetryGracePeriodSeconds": int(client.Grace.Seconds())}
	}
	return map[string]any{"UserPoolClient": description}, nil
}

type listInput struct {
	adminRequest
	MaxResults *int
	NextToken  string
}

// AppClients are the IDs of the app clients, by their names.
func (p *Pool) AppClients() []string {
	return slices.SortedFunc(maps.Keys(p.clients), func(a, b string) int { return cmp.Compare(p.clients[a].Name, p.clients[b].Name) })
}

type clientDescription struct{ ClientId, ClientName, UserPoolId string }

type listClientsResult struct {
	UserPoolClients []clientDescription
	NextToken       string `json:",omitempty"`
}

// listUserPoolClients is ListUserPoolClients, by name.
func (p *Pool) listUserPoolClients(_ context.Context, _ caller, in listInput) (any, error) {
	some, next, err := page(p.AppClients(), in.MaxResults, in.NextToken)
	result := listClientsResult{[]clientDescription{}, next}
	for _, id := range some {
		result.UserPoolClients = append(result.UserPoolClients, clientDescription{id, p.clients[id].Name, p.options.PoolID})
	}
	return result, err
}

// A listPoolsInput is not about one pool.
type listPoolsInput struct {
	MaxResults *int
	NextToken  string
}

func (listPoolsInput) authorize(*Pool, *caller) error { return nil }

type poolDescription struct {
	Id, Name                       string
	CreationDate, LastModifiedDate epoch
}

type listPoolsResult struct {
	UserPools []poolDescription
	NextToken string `json:",omitempty"`
}

// listUserPools is ListUserPools: there is one.
func (p *Pool) listUserPools(_ context.Context, _ caller, in listPoolsInput) (any, error) {
	all := []poolDescription{{p.options.PoolID, p.options.Settings.Pool.Name, epoch(p.created), epoch(p.created)}}
	some, next, err := page(all, in.MaxResults, in.NextToken)
	return listPoolsResult{some, next}, err
}

// describeUserPool is DescribeUserPool: what the CDK app deploys, without what belongs to the
// deployment alone (triggers, SES, texts of Cognito's own messages).
func (p *Pool) describeUserPool(_ context.Context, _ caller, _ adminRequest) (any, error) {
	pool := p.options.Settings.Pool
	policy := pool.PasswordPolicy
	password := map[string]any{
		"MinimumLength": policy.MinimumLength, "RequireNumbers": policy.RequireNumbers,
		"RequireLowercase": policy.RequireLowercase, "RequireUppercase": policy.RequireUppercase,
		"RequireSymbols": policy.RequireSymbols, "TemporaryPasswordValidityDays": policy.TemporaryPasswordDays,
	}
	if policy.HistorySize > 0 {
		password["PasswordHistorySize"] = policy.HistorySize
	}
	description := map[string]any{ // UserPoolType of the API reference
		"Id": p.options.PoolID, "Name": pool.Name,
		"Arn":          p.arn(),
		"CreationDate": epoch(p.created), "LastModifiedDate": epoch(p.created),
		"EstimatedNumberOfUsers": len(p.users),
		"UserPoolTags":           pool.Tags,
		"UserPoolTier":           "ESSENTIALS",
		"MfaConfiguration":       mfaNames[pool.MFA],
		"UsernameAttributes":     []string{"email"},
		"AutoVerifiedAttributes": []string{"email"},
		"UsernameConfiguration":  map[string]any{"CaseSensitive": false},
		"AdminCreateUserConfig":  map[string]any{"AllowAdminCreateUserOnly": !pool.SelfSignUp},
		"AccountRecoverySetting": map[string]any{
			"RecoveryMechanisms": []map[string]any{{"Name": "verified_email", "Priority": 1}},
		},
		"UserAttributeUpdateSettings": map[string]any{"AttributesRequireVerificationBeforeUpdate": []string{"email"}},
		"Policies":                    map[string]any{"PasswordPolicy": password},
		"SchemaAttributes":            p.schemaAttributes(),
	}
	if rules := p.devices(); rules.Tracked {
		description["DeviceConfiguration"] = map[string]any{
			"ChallengeRequiredOnNewDevice": rules.ReplacesMFA, "DeviceOnlyRememberedOnUserPrompt": rules.OnPrompt,
		}
	}
	return map[string]any{"UserPool": description}, nil
}

// mfaNames are UserPoolMfaType of the API reference.
var mfaNames = map[string]string{"off": "OFF", "optional": "OPTIONAL", "required": "ON"}

// schemaAttributes are those of the pool, of which none is required.
func (p *Pool) schemaAttributes() (list []map[string]any) {
	for _, name := range p.everything {
		kind := "String"
		switch name {
		case "email_verified", "phone_number_verified":
			kind = "Boolean"
		case "updated_at":
			kind = "Number"
		}
		list = append(list, map[string]any{
			"Name": name, "AttributeDataType": kind, "DeveloperOnlyAttribute": false, "Mutable": true, "Required": false,
		})
	}
	return list
}

// getUserPoolMFAConfig is GetUserPoolMfaConfig.
func (p *Pool) getUserPoolMFAConfig(_ context.Context, _ caller, _ adminRequest) (any, error) {
	config := map[string]any{"MfaConfiguration": mfaNames[p.options.Settings.Pool.MFA]}
	if p.options.Settings.Pool.MFA != "off" {
		config["SoftwareTokenMfaConfiguration"] = map[string]any{"Enabled": true}
	}
	return config, nil
}
