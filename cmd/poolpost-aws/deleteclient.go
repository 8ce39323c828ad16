package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	if err := d.findResources(ctx); err != nil {
		return nil, err
	}
	inStack := d.ids("AWS::Cognito::UserPoolClient")
	if len(inStack) == 0 { // then those of the pool are another stack's
		return nil, fmt.Errorf("the stack %s has no app clients", d.StackName)
	}
	all, err := d.appClients(ctx, pool)
	return slices.DeleteFunc(all, func(c types.UserPoolClientDescription) bool {
		return slices.Contains(inStack, aws.ToString(c.ClientId))
	}), err
}

// appClients are all app clients of a pool.
func (d *deployment) appClients(ctx context.Context, pool string) (all []types.UserPoolClientDescription, err error) {
	pages := cognitoidentityprovider.NewListUserPoolClientsPaginator(cognitoidentityprovider.NewFromConfig(d.Config),
		&cognitoidentityprovider.ListUserPoolClientsInput{UserPoolId: &pool, MaxResults: aws.Int32(60)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.UserPoolClients...)
	}
	return all, nil
}
