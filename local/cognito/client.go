package cognito

import "context"

type describeClientInput struct {
	adminRequest
	ClientId string
}

func (p *Pool) describeUserPoolClient(_ context.Context, _ caller, in describeClientInput) (any, error) {
	client, err := p.client(in.ClientId)
	if err != nil {
		return nil, err
	}
	return map[string]any{"UserPoolClient": map[string]any{ // UserPoolClientType of the API reference
		"UserPoolId":                      p.options.PoolID,
		"ClientId":                        in.ClientId,
		"ClientName":                      client.Name,
		"CreationDate":                    epoch(p.created),
		"LastModifiedDate":                epoch(p.created),
		"RefreshTokenValidity":            client.RefreshTokenDays,
		"TokenValidityUnits":              map[string]string{"RefreshToken": "days"},
		"ExplicitAuthFlows":               []string{"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"},
		"AuthSessionValidity":             int(sessionLife.Minutes()),
		"PreventUserExistenceErrors":      "ENABLED",
		"EnableTokenRevocation":           true,
		"AllowedOAuthFlowsUserPoolClient": false,
	}}, nil
}
