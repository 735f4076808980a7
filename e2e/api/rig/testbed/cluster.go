package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/program"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/requests"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

// Cluster is a control plane with simulated nodes, and the program of the server under test.
type Cluster struct {
	Client kubernetes.Interface // with an administrator's rights, without rate limits
	REST   *rest.Config         // the configuration of Client
	// Resources has the custom resources, with the same rights.
	Resources client.Interface

	cluster *cluster.Cluster
	dir     string
	server  string // the program
}

// startTimeout includes the first build of Kubernetes.
const startTimeout = 30 * time.Minute

// Open builds the server and starts the cluster.
func Open(ctx context.Context, name string, log io.Writer) (_ *Cluster, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c := &Cluster{}
	if c.dir, err = os.MkdirTemp("", "batch-job-controller-rig-"); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	apiServer, err := requests.Args(c.dir)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		c.server, err = program.Server(starting, c.dir)
		return err
	})
	group.Go(func() (err error) {
		// One simulated node, so that kwok runs: tests add their own nodes.
		c.cluster, err = cluster.Start(starting, cluster.Options{
			Name: name, Simulated: 1, FastJobs: true, Log: log,
			ExtraArgs: map[string][]string{"kube-apiserver": apiServer},
		})
		return err
	})
	err = group.Wait()
	if err == nil {
		err = c.connect()
	}
	if err == nil {
		err = c.applyDefinitions(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) connect() (err error) {
	if c.REST, err = clientcmd.BuildConfigFromFlags("", c.cluster.Kubeconfig()); err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	c.REST.QPS = -1
	c.REST.ContentType = runtime.ContentTypeProtobuf
	if c.Client, err = kubernetes.NewForConfig(c.REST); err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	if c.Resources, err = client.New(c.REST); err != nil {
		return fmt.Errorf("make client of the custom resources: %w", err)
	}
	return nil
}

// Kubeconfig is the path of an administrator's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.cluster.Kubeconfig() }

// Server is the path of the server under test.
func (c *Cluster) Server() string { return c.server }

// Build builds a package of this module, to run instead of the server.
func (c *Cluster) Build(tb testing.TB, pkg string) string {
	tb.Helper()
	built, err := program.Build(tb.Context(), c.dir, pkg)
	if err != nil {
		tb.Fatal(err)
	}
	return built
}

// BuildPrevious builds the server as it was before the last change of its sources, to run
// instead of the server. It skips the test if this machine lacks the history.
func (c *Cluster) BuildPrevious(tb testing.TB) string {
	tb.Helper()
	return program.Previous(tb, c.dir)
}

// RequestsOf returns all requests of a service account to the API server.
func (c *Cluster) RequestsOf(tb testing.TB, namespace, account string) []requests.Request {
	tb.Helper()
	all, err := requests.Of(c.dir, namespace, account)
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// CPU returns the processor time that each of the cluster's processes has used.
func (c *Cluster) CPU(ctx context.Context) (map[string]time.Duration, error) {
	processes, err := c.cluster.Processes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read processor times: %w", err)
	}
	used := map[string]time.Duration{}
	for _, p := range processes {
		used[p.Name] = time.Duration(p.CPUMilliseconds) * time.Millisecond
	}
	return used, nil
}

// Close stops the cluster.
func (c *Cluster) Close() error {
	err := os.RemoveAll(c.dir)
	if c.cluster != nil {
		err = errors.Join(err, c.cluster.Stop())
	}
	return err
}

// RestartEtcd kills etcd, and restarts it after a pause.
func (c *Cluster) RestartEtcd(tb testing.TB, pause time.Duration) {
	tb.Helper()
	if err := c.cluster.KillProcess(tb.Context(), "etcd"); err != nil {
		tb.Fatal(err)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	<-timer.C
	if err := c.cluster.StartProcess(tb.Context(), "etcd"); err != nil {
		tb.Fatal(err)
	}
}
