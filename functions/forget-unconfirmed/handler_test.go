package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
)

var today = time.Date(2026, 3, 1, 3, 30, 0, 0, time.UTC)

// An account is a user of the pool. It has no address: nothing may need one.
type account struct {
	name     string
	age      int // in days
	status   string
	disabled bool
	linked   bool
}

// A pool is Cognito. It keeps what it is asked for, and answers what fail says.
type pool struct {
	mu       sync.Mutex
	accounts []account
	size     int // 0: as many as there are
	asked    []string
	fail     func(operation, user string) error
	between  func(user string) // happens after a user was listed
}

func (p *pool) find(name string) *account {
	i := slices.IndexFunc(p.accounts, func(a account) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return &p.accounts[i]
}

func (p *pool) answer(r *http.Request, operation string, input []byte) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var in struct {
		UserPoolId, Username, Filter, PaginationToken string
		Limit                                         int
		AttributesToGet                               []string
	}
	if err := functiontest.Strictly(input, &in); err != nil {
		return nil, err
	}
	if in.UserPoolId != "eu-central-1_Sample001" {
		return nil, fmt.Errorf("another pool: %s", in.UserPoolId)
	}
	p.asked = append(p.asked, operation)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if p.fail != nil {
		if err := p.fail(operation, in.Username); err != nil {
			return nil, err
		}
	}
	epoch := func(a account) int64 { return today.AddDate(0, 0, -a.age).Add(-time.Minute).Unix() }
	switch operation {
	case "DescribeUserPool":
		size := p.size
		if size == 0 {
			size = len(p.accounts)
		}
		return map[string]any{"UserPool": map[string]any{"EstimatedNumberOfUsers": size}}, nil
	case "ListUsers":
		if in.Filter != `cognito:user_status = "UNCONFIRMED"` || in.Limit != 60 {
			return nil, fmt.Errorf("the filter is %q, the limit %d", in.Filter, in.Limit)
		}
		from, _ := strconv.Atoi(in.PaginationToken)
		to := min(from+in.Limit, len(p.accounts))
		users := []any{}
		for _, a := range p.accounts[from:to] { // this pool does not know the filter
			users = append(users, map[string]any{"Username": a.name, "UserStatus": a.status, "Enabled": !a.disabled, "UserCreateDate": epoch(a)})
		}
		out := map[string]any{"Users": users}
		if to < len(p.accounts) {
			out["PaginationToken"] = strconv.Itoa(to)
		}
		return out, nil
	}
	if p.between != nil {
		p.between(in.Username)
	}
	a := p.find(in.Username)
	if a == nil {
		return nil, &functiontest.APIError{Status: 400, Code: "UserNotFoundException"}
	}
	switch operation {
	case "AdminGetUser":
		attributes := []any{map[string]string{"Name": "sub", "Value": a.name}}
		if a.linked {
			attributes = append(attributes, map[string]string{"Name": "identities", "Value": "[]"})
		}
		return map[string]any{
			"Username": a.name, "UserStatus": a.status, "Enabled": !a.disabled, "UserCreateDate": epoch(*a), "UserAttributes": attributes,
		}, nil
	case "AdminDeleteUser":
		p.accounts = slices.DeleteFunc(p.accounts, func(a account) bool { return a.name == in.Username })
		return struct{}{}, nil
	}
	return nil, fmt.Errorf("unexpected %s", operation)
}

func (p *pool) names() (names []string) {
	for _, a := range p.accounts {
		names = append(names, a.name)
	}
	return names
}

// run runs the function once, with waits that take no time.
func (p *pool) run(t *testing.T, c config.ForgetUnconfirmed) *functiontest.Log {
	t.Helper()
	logged := &functiontest.Log{}
	synctest.Test(t, func(t *testing.T) {
		h := &handler{
			config: c, pool: userPool{cognitoidentityprovider.NewFromConfig(functiontest.AWS(p.answer).Config()), "eu-central-1_Sample001"},
			now: func() time.Time { return today }, pause: pause, log: logged.Logger("forget-unconfirmed"),
		}
		reply, err := h.Invoke(t.Context(), functiontest.Events(t)["daily"])
		if err != nil || string(reply) != "null" {
			t.Errorf("the answer is %s, %v", reply, err)
		}
	})
	return logged
}

// checkCounts checks the metrics of the one line.
func checkCounts(t *testing.T, logged *functiontest.Log, want map[string]int) {
	t.Helper()
	for name, n := range want {
		logged.CheckLine(t, map[string]any{name: float64(n)})
	}
	var line struct {
		AWS struct {
			CloudWatchMetrics []struct{ Metrics []struct{ Name string } }
		} `json:"_aws"`
	}
	if err := json.Unmarshal(logged.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	var metrics []string
	for _, m := range line.AWS.CloudWatchMetrics[0].Metrics {
		metrics = append(metrics, m.Name)
	}
	if !slices.Equal(metrics, []string{"Events", "Duration", "Unconfirmed", "Due", "Deleted", "NotDeleted"}) {
		t.Errorf("the metrics are %q", metrics)
	}
}

func unconfirmed(name string, age int) account {
	return account{name: name, age: age, status: "UNCONFIRMED"}
}

// everybody is one account of each kind; only "old" and "older" are to be deleted.
func everybody() []account {
	return []account{
		unconfirmed("old", 30), unconfirmed("new", 29), {name: "confirmed", age: 400, status: "CONFIRMED"}, unconfirmed("older", 3000),
		{name: "provider", age: 400, status: "EXTERNAL_PROVIDER"}, {name: "invited", age: 400, status: "FORCE_CHANGE_PASSWORD"},
		{name: "imported", age: 400, status: "RESET_REQUIRED"}, {name: "disabled", age: 400, status: "UNCONFIRMED", disabled: true},
		{name: "linked", age: 400, status: "UNCONFIRMED", linked: true}, {name: "of a later day", age: 400, status: "ARCHIVED"},
	}
}

var settings = config.ForgetUnconfirmed{AfterDays: 30, AtMostPercent: 10}

func TestOnlyOldAccountsThatWereNeverConfirmedAreDeleted(t *testing.T) {
	functiontest.EachEvent(t, map[string]bool{"daily": true}, func(t *testing.T, _ []byte, _ bool) {
		p := &pool{accounts: everybody()}
		logged := p.run(t, settings)
		logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "deleted"})
		// This pool lists everybody, as if Cognito did not know the filter.
		checkCounts(t, logged, map[string]int{"Unconfirmed": 10, "Due": 3, "Deleted": 2, "NotDeleted": 0})
		if want := []string{"new", "confirmed", "provider", "invited", "imported", "disabled", "linked", "of a later day"}; !slices.Equal(p.names(), want) {
			t.Errorf("the pool has %q, want %q", p.names(), want)
		}
	})
}

func TestADryRunOnlyCounts(t *testing.T) {
	p := &pool{accounts: everybody()}
	dry := settings
	dry.DryRun = true
	logged := p.run(t, dry)
	logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "counted"})
	checkCounts(t, logged, map[string]int{"Due": 3, "Deleted": 0})
	if !slices.Equal(p.asked, []string{"ListUsers", "DescribeUserPool"}) {
		t.Errorf("Cognito is asked for %q", p.asked)
	}
}

func TestNeverMoreThanTheShareAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		due, size, percent int
		dry                bool
		outcome            string
	}{
		"the share":                               {50, 500, 10, false, "deleted"},
		"one more":                                {51, 500, 10, false, "too-many"},
		"the same in a dry run":                   {51, 500, 10, true, "too-many"},
		"everybody, where that is meant":          {120, 120, 100, false, "deleted"},
		"ten of a small pool":                     {10, 12, 10, false, "deleted"},
		"ten of a pool whose size is not known":   {10, -1, 10, false, "deleted"},
		"eleven of a small pool":                  {11, 12, 10, false, "too-many"},
		"as many as there cannot be":              {11, -1, 100, false, "too-many"},
		"several pages":                           {130, 2000, 10, false, "deleted"},
		"several pages of which too many are due": {230, 2000, 10, false, "too-many"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pool{size: test.size}
			for i := range test.due {
				p.accounts = append(p.accounts, unconfirmed(fmt.Sprint("u", i), 31))
			}
			logged := p.run(t, config.ForgetUnconfirmed{AfterDays: 30, AtMostPercent: test.percent, DryRun: test.dry})
			logged.CheckLine(t, map[string]any{"Outcome": test.outcome, "Due": float64(test.due)})
			left := test.due
			if test.outcome == "deleted" {
				left = 0
			}
			if len(p.accounts) != left {
				t.Errorf("%d accounts are left, want %d", len(p.accounts), left)
			}
			if test.outcome == "too-many" {
				logged.CheckLine(t, map[string]any{"level": "ERROR", "reason": string(errTooMany)})
			}
		})
	}
}

// Between the list and the deletion a person has time to confirm, and to delete the account.
func TestWhoConfirmsMeanwhileStays(t *testing.T) {
	p := &pool{accounts: []account{unconfirmed("a", 40), unconfirmed("b", 40), unconfirmed("c", 40)}}
	p.between = func(user string) {
		switch user {
		case "a":
			p.find("a").status = "CONFIRMED"
		case "b":
			p.accounts = slices.DeleteFunc(p.accounts, func(a account) bool { return a.name == "b" })
		}
	}
	logged := p.run(t, settings)
	logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "deleted"})
	checkCounts(t, logged, map[string]int{"Due": 3, "Deleted": 1, "NotDeleted": 0})
	if !slices.Equal(p.names(), []string{"a"}) {
		t.Errorf("the pool has %q", p.names())
	}
}

func TestWhatCannotBeDeletedIsCounted(t *testing.T) {
	throttled := &functiontest.APIError{Status: 400, Code: "TooManyRequestsException"}
	of := func(failing ...string) func(string, string) error {
		return func(operation, user string) error {
			if slices.Contains(failing, operation+" "+user) {
				return throttled
			}
			return nil
		}
	}
	for name, test := range map[string]struct {
		fail                func(string, string) error
		left, done, notDone int
	}{
		"one account":             {of("AdminDeleteUser u3"), 1, 19, 1},
		"one that cannot be read": {of("AdminGetUser u3"), 1, 19, 1},
		"all of them, of which it gives up after ten": {func(operation, _ string) error {
			if operation == "AdminDeleteUser" {
				return throttled
			}
			return nil
		}, 20, 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pool{size: 1000, fail: test.fail}
			for i := range 20 {
				p.accounts = append(p.accounts, unconfirmed(fmt.Sprint("u", i), 31))
			}
			logged := p.run(t, settings)
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": "TooManyRequestsException"})
			checkCounts(t, logged, map[string]int{"Due": 20, "Deleted": test.done, "NotDeleted": test.notDone})
			if len(p.accounts) != test.left {
				t.Errorf("%d accounts are left, want %d", len(p.accounts), test.left)
			}
		})
	}
	for _, operation := range []string{"ListUsers", "DescribeUserPool"} {
		t.Run("without "+operation+" nothing is deleted", func(t *testing.T) {
			p := &pool{accounts: everybody(), fail: of(operation + " ")}
			logged := p.run(t, settings)
			logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "failed", "reason": "TooManyRequestsException"})
			if len(p.accounts) != len(everybody()) {
				t.Errorf("the pool has %q", p.names())
			}
		})
	}
}

// A run ends in time, and the next one goes on.
func TestARunThatIsTooLongGoesOnTomorrow(t *testing.T) {
	p := &pool{size: 100_000}
	const many = 4000
	for i := range many {
		p.accounts = append(p.accounts, unconfirmed(fmt.Sprint("u", i), 31))
	}
	logged := p.run(t, settings)
	logged.CheckLine(t, map[string]any{"level": "INFO", "Outcome": "deleted"})
	first := many - len(p.accounts)
	if want := int(budget / pause); first < want-5 || first > want+5 {
		t.Errorf("the first run deletes %d accounts, want about %d", first, want)
	}
	checkCounts(t, logged, map[string]int{"Due": many, "Deleted": first, "NotDeleted": 0})
	p.run(t, settings).CheckLine(t, map[string]any{"Outcome": "deleted", "Due": float64(many - first)})
	if len(p.accounts) != 0 {
		t.Errorf("%d accounts are left", len(p.accounts))
	}
}

func TestNothingPersonalIsLogged(t *testing.T) {
	const secret = "secret-jane@example.com"
	for name, fail := range map[string]func(string, string) error{
		"all goes well": nil,
		"Cognito quotes": func(operation, _ string) error {
			if operation == "AdminDeleteUser" {
				return &functiontest.APIError{Status: 400, Code: "InternalErrorException", Message: secret}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pool{accounts: []account{unconfirmed(secret, 40)}, fail: fail}
			logged := &functiontest.Log{}
			h := &handler{
				config: settings, pool: userPool{cognitoidentityprovider.NewFromConfig(functiontest.AWS(p.answer).Config()), "eu-central-1_Sample001"},
				now: func() time.Time { return today }, log: logged.Logger("forget-unconfirmed"),
			}
			logged.CheckNothingPersonal(t, func() error {
				_, err := h.Invoke(context.Background(), []byte("{}"))
				return err
			}, secret)
		})
	}
}
