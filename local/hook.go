package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"poolpost/internal/settings"
	"poolpost/local/lambda"
)

// A Hook plays the function of signUp.hook on this machine. It implements rules.Hook.
type Hook struct {
	ask   func(ctx context.Context, request []byte) ([]byte, error)
	close func() error
}

// Ask returns the answer. A function that fails is a *lambda.FunctionError.
func (h *Hook) Ask(ctx context.Context, request []byte) ([]byte, error) { return h.ask(ctx, request) }

// Close ends its process, if it has one.
func (h *Hook) Close() error { return h.close() }

// OpenHook opens what --hook names: a folder with an executable bootstrap, the loopback address of
// a server, or a file with the answer. Without one, it opens nothing: the function does not exist.
func OpenHook(set *settings.Settings, target string, logs io.Writer) (*Hook, error) {
	h := &Hook{close: func() error { return nil }}
	if target != "" && !set.SignUp.UsesHook() {
		return nil, errors.New("--hook: the settings have no signUp.hook.function; write the name of your function there")
	}
	u, err := url.Parse(target)
	switch {
	case target == "":
		h.ask = func(context.Context, []byte) ([]byte, error) { return nil, lambda.ErrNotFound }
		return h, nil
	case err == nil && u.Scheme != "" && u.Host != "":
		if u.Scheme != "http" || !isLocal(u.Hostname()) {
			return nil, fmt.Errorf("--hook %s: must be a loopback address, such as http://127.0.0.1:9001/, a folder with an executable bootstrap, or a JSON file", target)
		}
		h.ask = func(ctx context.Context, request []byte) ([]byte, error) {
			answer, err := post(ctx, target, request)
			if err != nil {
				fmt.Fprintf(logs, "--hook: %v\n", err)
			}
			return answer, err
		}
		return h, nil
	}
	info, err := os.Stat(target)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--hook %s: %w", target, err)
	case !info.IsDir():
		if text, err := os.ReadFile(target); err != nil || !json.Valid(text) {
			return nil, errors.Join(fmt.Errorf("--hook %s: must be a file with JSON, such as {\"decision\": \"accept\"}", target), err)
		}
		h.ask = func(context.Context, []byte) ([]byte, error) { return os.ReadFile(target) }
		return h, nil
	}
	dir, err := filepath.Abs(target)
	if err != nil {
		return nil, fmt.Errorf("--hook %s: %w", target, err)
	}
	const name = "sign-up-hook" // as which it logs
	host, err := lambda.New(lambda.Options{
		Region: set.Pool.Region,
		Logs:   func(function, line string) { fmt.Fprintf(logs, "%s: %s\n", function, line) },
	}, lambda.Function{Name: name, Dir: dir, Env: ownVariables(), Timeout: 15 * time.Second})
	if err != nil {
		return nil, fmt.Errorf("--hook %s: %w", target, err)
	}
	h.ask = func(ctx context.Context, request []byte) ([]byte, error) { return host.Invoke(ctx, name, request) }
	h.close = host.Close
	return h, nil
}

// ownVariables are the variables that a hook could have as a deployed function: those of this
// process, without what belongs to AWS and Lambda.
func ownVariables() map[string]string {
	env := map[string]string{}
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "LAMBDA_") && name != "_HANDLER" && name != "TZ" {
			env[name] = value
		}
	}
	return env
}

// maxAnswer is what Lambda returns at most, in bytes.
const maxAnswer = 6 << 20

// post asks a server, which answers like Lambda's Invoke or with any other status when it fails.
func post(ctx context.Context, address string, request []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", address, err)
	}
	failed := response.Header.Get("X-Amz-Function-Error")
	switch {
	case len(answer) > maxAnswer:
		failed = "Function.ResponseSizeTooLarge"
	case response.StatusCode != http.StatusOK && failed == "":
		failed = strings.ReplaceAll(response.Status, " ", "")
	}
	if failed != "" {
		return nil, &lambda.FunctionError{Type: failed, Message: "the server of the hook failed", Payload: []byte("{}")}
	}
	return answer, nil
}
