package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// curlImage is the image of job pods on kind, whose nodes can pull images.
const curlImage = "docker.io/curlimages/curl:8.11.1"

// dockerTimeout bounds the wait for a daemon that does not respond.
const dockerTimeout = 10 * time.Second

type kind struct {
	name       string
	kubeconfig string
	keep       bool
}

func kindLacks() string {
	for _, program := range []string{"kind", "docker"} {
		if _, err := exec.LookPath(program); err != nil {
			return "the command " + program
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), dockerTimeout)
	defer cancel()
	if err := exec.CommandContext(ctx, "docker", "info").Run(); err != nil {
		return "a Docker daemon that answers"
	}
	return ""
}

func startKind(ctx context.Context, o Options) (Provider, error) {
	dir, err := kindDir()
	if err != nil {
		return nil, err
	}
	k := &kind{name: o.Name, kubeconfig: filepath.Join(dir, o.Name+".kubeconfig"), keep: o.Keep}
	running, err := kindClusters(ctx)
	if err != nil {
		return nil, err
	}
	if slices.Contains(running, k.name) {
		if !o.Keep {
			return nil, fmt.Errorf("a kind cluster called %s runs already: E2E_CLUSTER=%s uses it", k.name, k.name)
		}
		return k, run(ctx, o.Log, nil, "kind", "export", "kubeconfig", "--name", k.name, "--kubeconfig", k.kubeconfig)
	}
	err = run(ctx, o.Log, strings.NewReader(kindConfig(o.Nodes)),
		"kind", "create", "cluster", "--name", k.name, "--kubeconfig", k.kubeconfig, "--config", "-", "--wait", "3m")
	if err != nil {
		return nil, errors.Join(err, k.delete())
	}
	return k, nil
}

// kindDir returns the directory of the kubeconfigs: by default, kind would change the
// user's own.
func kindDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache directory: %w", err)
	}
	dir := filepath.Join(cache, "batch-job-controller", "kind")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make directory for kubeconfigs: %w", err)
	}
	return dir, nil
}

func kindClusters(ctx context.Context) ([]string, error) {
	var out bytes.Buffer
	if err := run(ctx, &out, nil, "kind", "get", "clusters"); err != nil {
		return nil, err
	}
	// Without clusters, kind prints a sentence, and no word of it is the name of a cluster.
	return strings.Fields(out.String()), nil
}

// kindConfig returns the configuration of a cluster with a number of workers. The tainted
// control plane does not count.
func kindConfig(workers int) string {
	return "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n  - role: control-plane\n" +
		strings.Repeat("  - role: worker\n", workers)
}

func run(ctx context.Context, log io.Writer, input io.Reader, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	var failure bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, log, io.MultiWriter(log, &failure) // kind prints its progress to stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(failure.Bytes()))
	}
	return nil
}

func (k *kind) Name() string       { return Kind }
func (k *kind) Kubeconfig() string { return k.kubeconfig }
func (k *kind) Kubectl() string    { return "kubectl" }
func (k *kind) Image() string      { return imageFromEnv() }
func (k *kind) JobImage() string   { return jobImageFromEnv(curlImage) }

func (k *kind) LoadImage(ctx context.Context, archive string) error {
	return run(ctx, io.Discard, nil, "kind", "load", "image-archive", archive, "--name", k.name)
}

func (k *kind) StopCommand() string { return "kind delete cluster --name " + k.name }

func (k *kind) Stop() error {
	if k.keep {
		return nil
	}
	return k.delete()
}

func (k *kind) delete() error {
	const patience = 2 * time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(
		run(ctx, io.Discard, nil, "kind", "delete", "cluster", "--name", k.name, "--kubeconfig", k.kubeconfig),
		os.RemoveAll(k.kubeconfig),
	)
}
