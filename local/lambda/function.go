package lambda

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	accountID  = "123456789012" // the account of AWS's own examples
	memorySize = "128"          // MB, Lambda's default; not enforced
	version    = "$LATEST"
)

// Function is one Lambda function: a folder with an executable "bootstrap" and
// the files beside it.
type Function struct {
	// Name is the function's name and part of its ARN, such as custom-message.
	Name string
	// Dir is an absolute path. It is the process's working directory and
	// LAMBDA_TASK_ROOT.
	Dir string
	// Env holds the function's own variables. Names that Lambda reserves are
	// refused by New, as CreateFunction refuses them.
	Env map[string]string
	// Timeout is the limit of one invocation. Starting a process does not count.
	Timeout time.Duration
}

// Environ returns what a process of f is started with, as sorted KEY=VALUE
// lines. AWS_LAMBDA_RUNTIME_API, which differs from process to process, is not
// among them, and nothing comes from the environment of this process.
//
// The variables are those of "Working with Lambda environment variables" for
// the provided.al2023 runtime. That page says that AWS_EXECUTION_ENV is not
// defined for this runtime, so it is not. LD_LIBRARY_PATH is missing on purpose:
// it would point into folders of this machine that have another meaning.
func (f Function) Environ(region string) []string {
	env := map[string]string{
		"AWS_LAMBDA_LOG_FORMAT": "JSON",
		"LANG":                  "en_US.UTF-8",
		"PATH":                  "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
	}
	maps.Copy(env, f.Env)
	maps.Copy(env, f.reserved(region))
	lines := make([]string, 0, len(env))
	for key, value := range env {
		lines = append(lines, key+"="+value)
	}
	slices.Sort(lines)
	return lines
}

// reserved returns the variables that a function's configuration cannot set.
func (f Function) reserved(region string) map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID":               "AKIAIOSFODNN7EXAMPLE",
		"AWS_DEFAULT_REGION":              region,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": memorySize,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     version,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local/[" + version + "]",
		"AWS_REGION":                      region,
		"AWS_SECRET_ACCESS_KEY":           "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"AWS_SESSION_TOKEN":               "sample-session-token",
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"LAMBDA_TASK_ROOT":                f.Dir,
		"TZ":                              ":UTC",
		"_HANDLER":                        "bootstrap",
	}
}

func (f Function) bootstrap() string {
	return filepath.Join(f.Dir, "bootstrap")
}

// check returns what keeps f from being hosted.
func (f Function) check() error {
	if f.Name == "" {
		return errors.New("no name")
	}
	if f.Timeout <= 0 {
		return errors.New("no time limit")
	}
	if !filepath.IsAbs(f.Dir) {
		return fmt.Errorf("folder %q is not an absolute path", f.Dir)
	}
	info, err := os.Stat(f.bootstrap())
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%s is not an executable file", f.bootstrap())
	}
	reserved := f.reserved("")
	reserved["AWS_EXECUTION_ENV"], reserved["AWS_LAMBDA_RUNTIME_API"] = "", ""
	for _, key := range slices.Sorted(maps.Keys(f.Env)) {
		if _, ok := reserved[key]; ok {
			return fmt.Errorf("variable %s is reserved by Lambda", key)
		}
	}
	return nil
}

func arn(region, name string) string {
	return "arn:aws:lambda:" + region + ":" + accountID + ":function:" + name
}
