package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"poolpost/local/lambda"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// The functions of these tests are this test binary itself: each function folder
// holds a link to it, and the variable BOOTSTRAP says what it is to do there.
func TestMain(m *testing.M) {
	switch os.Getenv("BOOTSTRAP") {
	case "":
		os.Exit(m.Run())
	case "handler":
		runtime.Start(handle)
	case "empty":
		runtime.Start(func(context.Context, json.RawMessage) (struct{}, error) { return struct{}{}, nil })
	case "raw":
		rawRuntime()
	case "grandchild", "hang at start":
		holdConnection(os.Getenv("ADDRESS"))
	case "exit at start":
		os.Exit(3)
	case "ask and exit":
		ask()
		os.Exit(5)
	case "report at start":
		reportInitError()
		select {}
	}
	os.Exit(64)
}

// function returns a function whose bootstrap does what BOOTSTRAP says.
func function(t testing.TB, name, bootstrap string, env map[string]string) lambda.Function {
	t.Helper()
	self, err := os.Executable()
	noError(t, err)
	dir := t.TempDir()
	noError(t, os.Symlink(self, filepath.Join(dir, "bootstrap")))
	variables := map[string]string{"BOOTSTRAP": bootstrap}
	maps.Copy(variables, env)
	return lambda.Function{Name: name, Dir: dir, Env: variables, Timeout: 20 * time.Second}
}

// request is an event for handle, reply its answer.
type request struct {
	Do      string `json:"do"`
	Address string `json:"address,omitempty"`
	Gate    string `json:"gate,omitempty"`
	Size    int    `json:"size,omitempty"`
	Text    string `json:"text,omitempty"`
}

type reply struct {
	PID       int       `json:"pid"`
	RequestID string    `json:"requestId"`
	ARN       string    `json:"arn"`
	TraceID   string    `json:"traceId"`
	Deadline  time.Time `json:"deadline"`
	Dir       string    `json:"dir"`
	Environ   []string  `json:"environ"`
	Text      string    `json:"text"`
}

type refusedError struct{}

func (refusedError) Error() string { return "the event was refused" }

func handle(ctx context.Context, r request) (reply, error) {
	switch r.Do {
	case "wait": // until the test closes the connection
		holdConnection(r.Address)
	case "send and wait":
		holdConnection(r.Address, os.Getenv("_X_AMZN_TRACE_ID"))
	case "hang":
		select {}
	case "exit":
		os.Exit(r.Size)
	case "panic":
		panic("no way on")
	case "refuse":
		return reply{}, refusedError{}
	case "refuse once": // Address is a folder that says that it has
		if os.Mkdir(r.Address, 0o700) == nil {
			return reply{}, refusedError{}
		}
	case "print":
		fmt.Fprint(os.Stdout, r.Text)
		fmt.Fprint(os.Stderr, r.Text)
	case "fill":
		return reply{Text: strings.Repeat("x", r.Size)}, nil
	case "spawn":
		if err := spawn(r.Address); err != nil {
			return reply{}, err
		}
	case "spawn and exit":
		if err := spawn(r.Address); err != nil {
			return reply{}, err
		}
		holdConnection(r.Gate)
		os.Exit(4)
	}
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return reply{}, errors.New("no Lambda context")
	}
	deadline, _ := ctx.Deadline()
	dir, err := os.Getwd()
	return reply{
		PID:       os.Getpid(),
		RequestID: lc.AwsRequestID,
		ARN:       lc.InvokedFunctionArn,
		TraceID:   os.Getenv("_X_AMZN_TRACE_ID"),
		Deadline:  deadline,
		Dir:       dir,
		Environ:   os.Environ(),
	}, err
}

// holdConnection connects to the test, sends it something, and returns when the
// test hangs up. The test sees the connection end when the process does.
func holdConnection(address string, send ...string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	fmt.Fprint(conn, strings.Join(send, ""))
	_, _ = io.Copy(io.Discard, conn)
}

// spawn starts a child that keeps the output open and stays until it is killed.
func spawn(address string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = []string{"BOOTSTRAP=grandchild", "ADDRESS=" + address}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Start()
}

func runtimeURL(path string) string {
	return "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/" + path
}

// post returns the status and the error type of the Runtime API's response.
func post(path, body string) string {
	resp, err := http.Post(runtimeURL(path), "application/json", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	return describe(resp)
}

func describe(resp *http.Response) string {
	defer resp.Body.Close()
	var object struct{ ErrorType string }
	if err := json.NewDecoder(resp.Body).Decode(&object); err != nil {
		panic(err)
	}
	return strings.TrimSpace(fmt.Sprint(resp.StatusCode, " ", object.ErrorType))
}

func reportInitError() {
	post("init/error", `{"errorType":"Settings.Missing","errorMessage":"no settings","stackTrace":[]}`)
}

// rawRuntime speaks the Runtime API by hand and does what a runtime must not do.
// The first answer lists what the API made of that, the second is the error
// object {"odd":true}.
func rawRuntime() {
	id := next()
	var seen []string
	note := func(what, got string) { seen = append(seen, what+": "+got) }
	again, err := http.Get(runtimeURL("invocation/next"))
	if err != nil {
		panic(err)
	}
	note("next without an answer", describe(again))
	note("init error after init", post("init/error", `{}`))
	note("answer to another id", post("invocation/0/response", `{}`))
	note("error for another id", post("invocation/0/error", `{}`))
	answer, err := json.Marshal(seen)
	if err != nil {
		panic(err)
	}
	first := post("invocation/"+id+"/response", string(answer))
	second := post("invocation/"+id+"/response", `"again"`)
	fmt.Println(first, "then", second)

	id = next()
	req, err := http.NewRequest(http.MethodPost, runtimeURL("invocation/"+id+"/error"), strings.NewReader(`{"odd":true}`))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Lambda-Runtime-Function-Error-Type", "Runtime.Odd")
	if _, err := http.DefaultClient.Do(req); err != nil {
		panic(err)
	}
	next()
}

// ask asks for an event and does not wait for it.
func ask() {
	conn, err := net.Dial("tcp", os.Getenv("AWS_LAMBDA_RUNTIME_API"))
	if err != nil {
		panic(err)
	}
	fmt.Fprint(conn, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	_ = conn.Close()
}

func next() (id string) {
	resp, err := http.Get(runtimeURL("invocation/next"))
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
}
