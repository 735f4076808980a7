package programs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/lock"
)

const progressInterval = 10 * time.Second

// tool is one `go build` in a module below e2e/tools.
type tool struct {
	what     string
	module   string
	output   string // a directory if it ends in a slash
	packages []string
	links    []string // other names of the program
}

func tools() []tool {
	return []tool{
		{
			what: "Kubernetes", module: "kube", output: "kube", packages: []string{"."},
			links: []string{
				"etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet",
			},
		},
		{
			what: "containerd", module: "containerd", output: "./", packages: []string{
				"github.com/containerd/containerd/v2/cmd/containerd",
				"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
				"github.com/containerd/containerd/v2/cmd/ctr",
			},
		},
		{what: "kwok", module: "kwok", output: "./", packages: []string{"sigs.k8s.io/kwok/cmd/kwok"}},
	}
}

// programsDir returns the directory of the cluster's programs, which may not exist yet.
func programsDir(ctx context.Context) (root, cache, dir string, err error) {
	if root, err = ModuleRoot(); err != nil {
		return "", "", "", err
	}
	if cache, err = cacheDir(); err != nil {
		return "", "", "", err
	}
	sum, err := toolsDigest(ctx, filepath.Join(root, "e2e", "tools"))
	return root, cache, filepath.Join(cache, "bin-"+sum), err
}

// Built reports whether the cache has the cluster's programs.
func Built(ctx context.Context) bool {
	_, _, dir, err := programsDir(ctx)
	if err != nil {
		return false
	}
	_, err = os.Stat(dir)
	return err == nil
}

// Build returns the directory of the cluster's programs. It builds them if the cache has
// none of these versions. Only one process builds at a time.
func Build(ctx context.Context, log io.Writer) (string, error) {
	root, cache, dir, err := programsDir(ctx)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	held, err := waitForBuild(ctx, filepath.Join(cache, "build.lock"), log)
	if err != nil {
		return "", err
	}
	defer held.Close()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, buildAll(ctx, root, dir, log)
}

func waitForBuild(ctx context.Context, path string, log io.Writer) (*os.File, error) {
	stop := every(progressInterval, func(waited time.Duration) {
		fmt.Fprintf(log, "waiting for another build of the cluster's programs ... %s\n", waited)
	})
	defer stop()
	return lock.Wait(ctx, path)
}

// toolsDigest returns a digest of all inputs of the build. The other tools beside them are
// none: a change of one is no reason to build Kubernetes anew.
func toolsDigest(ctx context.Context, dir string) (string, error) {
	version, err := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOARCH").Output()
	if err != nil {
		return "", fmt.Errorf("get the version of Go: %w", err)
	}
	hash := sha256.New()
	hash.Write(version)
	for _, t := range tools() {
		for _, pattern := range []string{"go.mod", "go.sum", "*.go"} {
			files, err := filepath.Glob(filepath.Join(dir, t.module, pattern))
			if err != nil {
				return "", fmt.Errorf("list tools: %w", err)
			}
			for _, file := range files {
				data, err := os.ReadFile(file)
				if err != nil {
					return "", fmt.Errorf("read tool: %w", err)
				}
				name, _ := filepath.Rel(dir, file)
				fmt.Fprintf(hash, "%s %d\n", name, len(data))
				hash.Write(data)
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}

// buildAll builds into a temporary directory, and renames it when it is complete.
func buildAll(ctx context.Context, root, dir string, log io.Writer) (err error) {
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".build-")
	if err != nil {
		return fmt.Errorf("make build directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if err := os.Chmod(temp, 0o755); err != nil {
		return fmt.Errorf("open build directory: %w", err)
	}
	for _, t := range tools() {
		if err := t.build(ctx, filepath.Join(root, "e2e", "tools", t.module), temp, log); err != nil {
			return err
		}
	}
	if err := os.Rename(temp, dir); err != nil {
		return fmt.Errorf("cache the built programs: %w", err)
	}
	return nil
}

func (t tool) build(ctx context.Context, source, out string, log io.Writer) error {
	flags, err := t.linkerFlags(source)
	if err != nil {
		return err
	}
	output := filepath.Join(out, t.output)
	if strings.HasSuffix(t.output, "/") {
		output += "/"
	}
	args := append([]string{"build", "-v", "-trimpath", "-ldflags", flags, "-o", output}, t.packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	var packages packageCounter
	cmd.Stdout, cmd.Stderr = &packages, &packages
	stop := every(progressInterval, func(elapsed time.Duration) {
		fmt.Fprintf(log, "building %s, first time only, minutes on a small machine ... %s, %d packages\n",
			t.what, elapsed, packages.count.Load())
	})
	err = cmd.Run()
	stop()
	if err != nil {
		return fmt.Errorf("build %s: %w: %s", t.what, err, packages.tail())
	}
	for _, link := range t.links {
		if err := os.Symlink(t.output, filepath.Join(out, link)); err != nil {
			return fmt.Errorf("link %s: %w", link, err)
		}
	}
	return nil
}

var kubernetesVersion = regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes (v\S+)`)

// linkerFlags set the version of Kubernetes, without which its programs do not start.
func (t tool) linkerFlags(source string) (string, error) {
	data, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read tool's go.mod: %w", err)
	}
	flags := "-s -w"
	if found := kubernetesVersion.FindSubmatch(data); found != nil {
		flags += " -X k8s.io/component-base/version.gitVersion=" + string(found[1])
	}
	return flags, nil
}

// packageCounter counts the lines of `go build -v`, one for each package.
type packageCounter struct {
	count atomic.Int64
	buf   bytes.Buffer
}

func (p *packageCounter) Write(data []byte) (int, error) {
	p.count.Add(int64(bytes.Count(data, []byte("\n"))))
	return p.buf.Write(data)
}

func (p *packageCounter) tail() string {
	data := p.buf.Bytes()
	return string(data[max(0, len(data)-4096):])
}

// every calls f periodically until the returned function is called.
func every(interval time.Duration, f func(elapsed time.Duration)) (stop func()) {
	started := time.Now()
	ticker := time.NewTicker(interval)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				f(time.Since(started).Round(time.Second))
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
	}
}
