// Command forget-unconfirmed deletes accounts that were never confirmed. EventBridge Scheduler
// invokes it once a day, and what the event says does not matter. It counts first, and deletes
// nothing if there is more to delete than the settings allow at once.
//
// It calls Cognito in the background, so what it cannot do today it does tomorrow: it returns no
// error, and Lambda does not repeat it.
//
// Environment: USER_POOL_ID.
package main

import (
	"errors"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/awsconfig"
	"poolpost/internal/config"
	"poolpost/internal/lambdaenv"
	"poolpost/internal/logging"
)

func main() {
	c, err := config.Read[config.ForgetUnconfirmed](os.Getenv("LAMBDA_TASK_ROOT"))
	env := lambdaenv.New()
	pool := env.Required("USER_POOL_ID")
	if err := errors.Join(err, env.Err()); err != nil {
		log.Fatal(err)
	}
	lambda.Start(&handler{
		config: c, pool: userPool{cognitoidentityprovider.NewFromConfig(awsconfig.Load()), pool},
		now: time.Now, pause: pause, log: logging.New("forget-unconfirmed"),
	})
}
