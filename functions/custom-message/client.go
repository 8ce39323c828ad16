package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"poolpost/internal/logging"
)

// clientNames asks Cognito for the names of app clients. A trigger's
// environment cannot hold client ids, because the clients depend on the pool
// and the pool on its triggers; the event has the id only.
//
// This is one operation of one service: it is signed by the SDK's core and sent
// by net/http, which a Lambda function links anyway, instead of linking the
// SDK's whole Cognito client into the function that people wait for.
type clientNames struct {
	config   aws.Config
	endpoint string
	known    map[string]string // client id: name; a function handles one event at a time
}

func newClientNames(cfg aws.Config) *clientNames {
	c := &clientNames{config: cfg, known: map[string]string{}}
	c.endpoint = "https://cognito-idp." + cfg.Region + ".amazonaws.com"
	if cfg.BaseEndpoint != nil {
		c.endpoint = *cfg.BaseEndpoint
	}
	return c
}

// name is the name of an app client. Only an answer is remembered, not a
// failure.
func (c *clientNames) name(ctx context.Context, pool, id string) (string, error) {
	if name, ok := c.known[id]; ok {
		return name, nil
	}
	name, err := c.describe(ctx, pool, id)
	if err == nil {
		c.known[id] = name
	}
	return name, err
}

// describe calls DescribeUserPoolClient.
func (c *clientNames) describe(ctx context.Context, pool, id string) (string, error) {
	body, err := json.Marshal(map[string]string{"UserPoolId": pool, "ClientId": id})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.DescribeUserPoolClient")
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), "cognito-idp", c.config.Region, time.Now())
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", logging.Safe("DescribeUserPoolClient: status " + strconv.Itoa(response.StatusCode))
	}
	var answer struct{ UserPoolClient struct{ ClientName string } }
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer); err != nil {
		return "", fmt.Errorf("DescribeUserPoolClient: %w", err)
	}
	return answer.UserPoolClient.ClientName, nil
}
