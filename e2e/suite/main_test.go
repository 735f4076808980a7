//go:build e2e

package suite

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

// environment is shared by all tests.
type environment struct {
	provider provider.Provider
	cluster  *deploy.Cluster
	image    deploy.Image // of the controller
	nodes    []string     // that can run pods, in order
	// commandLine builds kubectl-batchjob, once.
	commandLine func(ctx context.Context) (string, error)
	// interrupted ends with an interrupt: the tests then end early, and clean up.
	interrupted <-chan struct{}
}

// env is set only by TestMain.
var env environment

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if lacks, ok := provider.Available(); !ok {
		fmt.Printf("SKIP: all of it: this machine lacks %s\n", lacks)
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := setParallel(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	env.interrupted = ctx.Done()
	err := env.start(ctx)
	status := 1
	if err == nil {
		status = m.Run()
	}
	if env.provider != nil {
		err = errors.Join(err, env.provider.Stop())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	return status
}

// setParallel lets more scenarios run concurrently than there are cores, because they mostly
// wait. The flag on the command line takes precedence.
func setParallel() error {
	const name = "test.parallel"
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return nil
	}
	return flag.Set(name, "10")
}

func (e *environment) start(ctx context.Context) (err error) {
	e.commandLine = onceBuilt("./cmd/kubectl-batchjob")
	options := provider.FromEnv("suite")
	options.Log = os.Stderr
	if e.provider, err = provider.Start(ctx, options); err != nil {
		return err
	}
	if e.cluster, err = deploy.Connect(e.provider.Kubeconfig()); err != nil {
		return err
	}
	if e.image, err = e.load(ctx, deploy.Server); err != nil {
		return err
	}
	e.nodes, err = readyNodes(ctx, e.cluster)
	return err
}

// load builds a program and loads its image into the nodes, unless the environment names an image
// that the nodes have.
func (e *environment) load(ctx context.Context, pkg string) (deploy.Image, error) {
	if name := e.provider.Image(); name != "" && pkg == deploy.Server {
		return deploy.Image{Name: name}, nil
	}
	image, err := deploy.Build(ctx, pkg, os.Stderr)
	if err != nil {
		return image, err
	}
	return image, e.provider.LoadImage(ctx, image.Archive)
}

// onceBuilt returns a function that builds a program at its first call.
func onceBuilt(pkg string) func(context.Context) (string, error) {
	var mu sync.Mutex
	var program string
	return func(ctx context.Context) (_ string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if program == "" {
			program, err = deploy.Program(ctx, pkg, os.Stderr)
		}
		return program, err
	}
}

func readyNodes(ctx context.Context, cluster *deploy.Cluster) ([]string, error) {
	list, err := cluster.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/os=linux"})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	var names []string
	for _, node := range list.Items {
		if isReady(&node) && !node.Spec.Unschedulable {
			names = append(names, node.Name)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("no node can run pods")
	}
	slices.Sort(names)
	return names, nil
}
