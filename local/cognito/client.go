package cognito

import "context"

type clientResult struct{ UserPoolClient poolClient }

// poolClient is UserPoolClientType of the API reference.
type poolClient struct {
	UserPoolId                      string
	ClientId                        string
	ClientName                      string
	CreationDate                    epoch
	LastModifiedDate                epoch
	RefreshTokenValidity            int
	TokenValidityUnits              map[string]string
	ExplicitAuthFlows               []string
	AuthSessionValidity             int
	PreventUserExistenceErrors      string
	EnableTokenRevocation           bool
	AllowedOAuthFlowsUserPoolClient bool
}

type describeClientInput struct {
	adminRequest
	ClientId string
}

// describeUserPoolClient is DescribeUserPoolClient.
func (p *Pool) describeUserPoolClient(_ context.Context, _ caller, in describeClientInput) (any, error) {
	client, err := p.client(in.ClientId)
	if err != nil {
		return nil, err
	}
	return clientResult{poolClient{
		UserPoolId:                 p.id,
		ClientId:                   in.ClientId,
		ClientName:                 client.Name,
		CreationDate:               epoch(p.created),
		LastModifiedDate:           epoch(p.created),
		RefreshTokenValidity:       client.RefreshTokenDays,
		TokenValidityUnits:         map[string]string{"RefreshToken": "days"},
		ExplicitAuthFlows:          []string{"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"},
		AuthSessionValidity:        int(sessionLife.Minutes()),
		PreventUserExistenceErrors: "ENABLED",
		EnableTokenRevocation:      true,
	}}, nil
}
