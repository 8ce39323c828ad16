package main

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// deleteClient deletes the app clients of a name that are in the pool and not in its stack. Outside
// dev, a deployment retains an app client that leaves the settings.
func (d *deployment) deleteClient(ctx context.Context, name string, out io.Writer) error {
	pool, err := d.output("UserPoolId")
	if err != nil {
		return err
	}
	left, err := d.clientsOutside(ctx, pool)
	if err != nil {
		return err
	}
	deleted := 0
	for _, client := range left {
		if aws.ToString(client.ClientName) != name {
			continue
		}
		_, err := cognitoidentityprovider.NewFromConfig(d.Config).DeleteUserPoolClient(ctx,
			&cognitoidentityprovider.DeleteUserPoolClientInput{UserPoolId: &pool, ClientId: client.ClientId})
		if err != nil {
			return fmt.Errorf("delete app client %s: %w", aws.ToString(client.ClientId), err)
		}
		fmt.Fprintf(out, "deleted app client %s, %s\n", name, aws.ToString(client.ClientId))
		deleted++
	}
	if deleted == 0 {
		fmt.Fprintf(out, "there is no app client %s outside the stack: nothing to delete\n", name)
	}
	return nil
}

// clientsOutside are the app clients of the pool that the stack does not have.
func (d *deployment) clientsOutside(ctx context.Context, pool string) ([]types.UserPoolClientDescription, error) {
	inStack := map[string]bool{}
	resources := cloudformation.NewListStackResourcesPaginator(cloudformation.NewFromConfig(d.Config),
		&cloudformation.ListStackResourcesInput{StackName: &d.StackName})
	for resources.HasMorePages() {
		page, err := resources.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.StackResourceSummaries {
			if aws.ToString(r.ResourceType) == "AWS::Cognito::UserPoolClient" {
				inStack[aws.ToString(r.PhysicalResourceId)] = true
			}
		}
	}
	if len(inStack) == 0 { // then those of the pool are another stack's
		return nil, fmt.Errorf("the stack %s has no app clients", d.StackName)
	}
	var outside []types.UserPoolClientDescription
	clients := cognitoidentityprovider.NewListUserPoolClientsPaginator(cognitoidentityprovider.NewFromConfig(d.Config),
		&cognitoidentityprovider.ListUserPoolClientsInput{UserPoolId: &pool})
	for clients.HasMorePages() {
		page, err := clients.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, client := range page.UserPoolClients {
			if !inStack[aws.ToString(client.ClientId)] {
				outside = append(outside, client)
			}
		}
	}
	return outside, nil
}
