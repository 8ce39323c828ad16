package main

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"poolpost/internal/attach"
)

// describeUserPool is DescribeUserPool with all that Cognito answers: the SDK's types lack members
// that are newer than they are.
func (a *account) describeUserPool(ctx context.Context, id string) (attach.Object, error) {
	var answer struct{ UserPool attach.Object }
	_, err := cognitoidentityprovider.NewFromConfig(a.Config).DescribeUserPool(ctx,
		&cognitoidentityprovider.DescribeUserPoolInput{UserPoolId: &id}, readAnswer(&answer))
	if hasCode(err, "ResourceNotFoundException") {
		return nil, fmt.Errorf("there is no user pool %s in region %s of account %s: a stack serves a pool of its own account and region; check pool.existing.id and AWS_PROFILE",
			id, a.Region, a.ID)
	}
	return answer.UserPool, err
}

// mfaConfig is GetUserPoolMfaConfig: what UpdateUserPool is not documented to change.
func (a *account) mfaConfig(ctx context.Context, id string) (answer attach.Object, err error) {
	_, err = cognitoidentityprovider.NewFromConfig(a.Config).GetUserPoolMfaConfig(ctx,
		&cognitoidentityprovider.GetUserPoolMfaConfigInput{UserPoolId: &id}, readAnswer(&answer))
	return answer, err
}

// updateUserPool is UpdateUserPool with this very request: the SDK leaves out what is false or
// zero.
func (a *account) updateUserPool(ctx context.Context, id string, request attach.Object) error {
	body, err := json.Marshal(request, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = cognitoidentityprovider.NewFromConfig(a.Config).UpdateUserPool(ctx,
		&cognitoidentityprovider.UpdateUserPoolInput{UserPoolId: &id}, sendRequest(body))
	return err
}

type option = func(*cognitoidentityprovider.Options)

// readAnswer also decodes the body of an answer.
func readAnswer(into any) option {
	return cognitoidentityprovider.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ReadAnswer", func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			response, ok := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !ok || response.StatusCode != 200 {
				return out, metadata, err
			}
			body, err := io.ReadAll(response.Body)
			if err == nil {
				err = errors.Join(response.Body.Close(), json.Unmarshal(body, into))
			}
			response.Body = io.NopCloser(bytes.NewReader(body))
			return out, metadata, err
		}), middleware.After)
	})
}

// sendRequest takes the place of the body of a request.
func sendRequest(body []byte) option {
	return cognitoidentityprovider.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Serialize.Add(middleware.SerializeMiddlewareFunc("SendRequest", func(
			ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
		) (middleware.SerializeOutput, middleware.Metadata, error) {
			request, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("unexpected request %T", in.Request)
			}
			request, err := request.SetStream(bytes.NewReader(body))
			if err != nil {
				return middleware.SerializeOutput{}, middleware.Metadata{}, err
			}
			in.Request = request
			return next.HandleSerialize(ctx, in)
		}), middleware.After)
	})
}
