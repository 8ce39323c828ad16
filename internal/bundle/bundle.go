// Package bundle builds the functions: for each, a folder with its bootstrap,
// its part of the settings and the compiled messages or pages that it fills.
// The CDK app makes assets of these folders, the local run starts them as they
// are. One table says what each function is given.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/settings"
)

// Files are the files beside the bootstrap of a function, by their path below its
// folder: its part of the settings, and of what was compiled for them the messages
// or pages that it fills.
func (f Function) Files(s *settings.Settings, out *compile.Output) map[string][]byte {
	files := map[string][]byte{config.File: f.Config(s)}
	if f.files != nil {
		maps.Copy(files, f.files(out))
	}
	return files
}

// Write writes the files beside the bootstraps of functions: each has a folder of
// its name in dir.
func Write(dir string, s *settings.Settings, out *compile.Output, functions []Function) error {
	for _, f := range functions {
		if err := writeFiles(filepath.Join(dir, f.Name), f.Files(s, out)); err != nil {
			return fmt.Errorf("write the files of %s: %w", f.Name, err)
		}
	}
	return nil
}

// A Platform is what programs are built for. With a build ID, Go recognizes an
// up-to-date binary and skips the link. Without one, builds are reproducible.
type Platform struct {
	GOOS, GOARCH string
	noBuildID    bool
}

// What functions are built for.
var (
	Lambda      = Platform{"linux", "arm64", true}
	ThisMachine = Platform{runtime.GOOS, runtime.GOARCH, false}
)

// BuildBinaries compiles functions into their folders in dir, which Write has
// made. The result depends on the sources and the settings only, not on where or
// when it is built. Poolpost's own folder is only read: it may be in the module cache.
func BuildBinaries(ctx context.Context, dir string, s *settings.Settings, p Platform, functions []Function) error {
	files := map[string]string{}
	for _, f := range functions {
		files["./functions/"+f.Name] = filepath.Join(dir, f.Name, "bootstrap")
	}
	if err := goBuild(ctx, dir, p, tags(s), files); err != nil {
		return fmt.Errorf("build functions: %w", err)
	}
	return nil
}

// GoBuild compiles a package of Poolpost, given by its path below the module's
// folder, as functions are compiled.
func GoBuild(ctx context.Context, file string, p Platform, pkg string) error {
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = goBuild(ctx, filepath.Dir(file), p, noRPC, map[string]string{pkg: file})
	}
	if err != nil {
		return fmt.Errorf("build %s: %w", pkg, err)
	}
	return nil
}

// goBuild compiles packages into files below dir, with the versions of Poolpost's own
// go.mod. Each binary is put in its place at once, so that a process that runs the
// old one keeps it.
func goBuild(ctx context.Context, dir string, p Platform, tags string, files map[string]string) error {
	if len(files) == 0 {
		return nil
	}
	module, err := ModuleDir(ctx)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	bin, err := os.MkdirTemp(dir, "bin-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	flags := "-s -w"
	if p.noBuildID {
		flags += " -buildid="
	}
	// The linker would drop the debug information; not making it saves a tenth of a first build.
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags", tags, "-gcflags=all=-dwarf=false", "-ldflags", flags}
	args = append(args, "-o", bin+string(filepath.Separator))
	for pkg, file := range files {
		args = append(args, pkg)
		_ = os.Link(file, filepath.Join(bin, filepath.Base(pkg))) // what is up to date is not linked again
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = module
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS="+p.GOOS, "GOARCH="+p.GOARCH)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	for pkg, file := range files {
		if err := os.Rename(filepath.Join(bin, filepath.Base(pkg)), file); err != nil {
			return err
		}
	}
	return nil
}

// noRPC is the build tag of aws-lambda-go that leaves out the RPC interface of an older Lambda
// runtime.
const noRPC = "lambda.norpc"

// tags are the build tags of functions. They leave out the parts that the settings do not use.
func tags(s *settings.Settings) string {
	all := []string{noRPC}
	for _, f := range Functions {
		for _, p := range f.optional {
			if tag := "no" + p.name; !p.used(s) && !slices.Contains(all, tag) {
				all = append(all, tag)
			}
		}
	}
	return strings.Join(all, ",")
}

// ModuleDir is the folder of Poolpost's sources: this clone, or what the module
// of the working directory requires, which may be in the module cache.
func ModuleDir(ctx context.Context) (string, error) {
	const module = "poolpost"
	// A module that vendors has no folder with all of Poolpost's sources in vendor/.
	command := exec.CommandContext(ctx, "go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module)
	command.Env = append(os.Environ(), "GOFLAGS=")
	out, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("find the sources of Poolpost: run this inside its clone, or inside a module that requires it: %s", strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("find the sources of Poolpost: %w", err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", fmt.Errorf("find the sources of Poolpost: run go mod download %s", module)
	}
	return dir, nil
}

// writeFiles makes dir hold these files and the bootstrap, nothing else. A
// function that runs may read a file at any moment, so each is put in its place
// at once. Until then it is beside dir: in dir, another build that runs at the
// same time would take it for a file that is no longer needed.
func writeFiles(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(dir), "files-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			return err
		}
		file := filepath.Join(temporary, "file")
		if err := os.WriteFile(file, files[path], 0o644); err != nil {
			return err
		}
		if err := os.Rename(file, filepath.Join(dir, path)); err != nil {
			return err
		}
	}
	keep := map[string]bool{".": true, "bootstrap": true}
	for path := range files {
		for ; path != "."; path = filepath.Dir(path) {
			keep[path] = true
		}
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil || keep[relative] {
			return err
		}
		if err := os.RemoveAll(path); err != nil || !entry.IsDir() {
			return err
		}
		return fs.SkipDir
	})
}
