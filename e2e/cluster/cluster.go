package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/apiclient"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/programs"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/supervisor"
)

// Cluster is a running cluster. Its methods may be called concurrently.
type Cluster struct {
	spec    plan.Spec
	control *control
	pid     int
	// Set only in the process that started the cluster:
	leash io.Closer
	ended chan struct{}
}

// ProcessStatus is the status of one of the cluster's processes.
type ProcessStatus = supervisor.ProcessStatus

// Built reports whether the cache has the programs of clusters.
func Built(ctx context.Context) bool { return programs.Built(ctx) }

// Build returns the directory of the programs of clusters, and builds those that the cache
// lacks.
func Build(ctx context.Context, log io.Writer) (string, error) { return programs.Build(ctx, log) }

// Name is the name of the cluster.
func (c *Cluster) Name() string { return c.spec.Name }

// Kubeconfig is the path of an administrator's kubeconfig for this host.
func (c *Cluster) Kubeconfig() string { return c.spec.Kubeconfig() }

// LogDir is the directory with a log for each process.
func (c *Cluster) LogDir() string { return c.spec.LogDir }

// Program is the path of one of the cluster's programs, such as kubectl.
func (c *Cluster) Program(name string) string { return c.spec.Bin(name) }

// PID is the process ID of the supervisor. Killing it ends the cluster.
func (c *Cluster) PID() int { return c.pid }

// Nodes returns the names of the real nodes.
func (c *Cluster) Nodes() []string {
	var names []string
	for _, n := range c.spec.NodeList() {
		names = append(names, n.Name)
	}
	return names
}

// LoadImage loads the images of an archive into every real node.
func (c *Cluster) LoadImage(ctx context.Context, archive string) error {
	f, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("load image: %w", err)
	}
	defer f.Close()
	resp, err := c.control.do(ctx, http.MethodPut, "/images", f)
	if err != nil {
		return fmt.Errorf("load image %s: %w", archive, err)
	}
	return resp.Body.Close()
}

// CutNode disconnects a real node from the network. Its pods continue to run.
func (c *Cluster) CutNode(ctx context.Context, name string) error {
	return c.control.post(ctx, "/nodes/"+name+"/cut")
}

// HealNode reconnects a real node to the network.
func (c *Cluster) HealNode(ctx context.Context, name string) error {
	return c.control.post(ctx, "/nodes/"+name+"/heal")
}

// SharedDir returns a directory that every real node has at the same path. It creates the
// directory if necessary; the end of the cluster deletes it.
func (c *Cluster) SharedDir(name string) (string, error) {
	dir := c.spec.Path("shared", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make shared directory: %w", err)
	}
	return dir, nil
}

// StartProcess starts a process that does not run, such as kube-apiserver,
// kubelet-node-1 or kwok.
func (c *Cluster) StartProcess(ctx context.Context, name string) error {
	return c.control.post(ctx, "/processes/"+name+"/start")
}

// StopProcess terminates a process gracefully, and returns when it has ended.
func (c *Cluster) StopProcess(ctx context.Context, name string) error {
	return c.control.post(ctx, "/processes/"+name+"/stop")
}

// KillProcess ends a process as a crash does.
func (c *Cluster) KillProcess(ctx context.Context, name string) error {
	return c.control.post(ctx, "/processes/"+name+"/kill")
}

// PauseProcess suspends a process until ResumeProcess.
func (c *Cluster) PauseProcess(ctx context.Context, name string) error {
	return c.control.post(ctx, "/processes/"+name+"/pause")
}

// ResumeProcess resumes a suspended process.
func (c *Cluster) ResumeProcess(ctx context.Context, name string) error {
	return c.control.post(ctx, "/processes/"+name+"/resume")
}

// Processes returns the status of the cluster's processes, sorted by name.
func (c *Cluster) Processes(ctx context.Context) ([]ProcessStatus, error) {
	resp, err := c.control.do(ctx, http.MethodGet, "/status", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list []ProcessStatus
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return nil, fmt.Errorf("decode status: %w", err)
	}
	return list, nil
}

// Dial connects to host:port inside a cluster with real nodes. The host is the
// address of a pod, Service or node, or the name of a Service:
// "reports.default:8080".
func (c *Cluster) Dial(ctx context.Context, address string) (net.Conn, error) {
	return c.control.dial(ctx, address)
}

// Forward opens a port on 127.0.0.1 and forwards it to an address as for Dial. The returned
// closer closes the port.
func (c *Cluster) Forward(address string) (local string, closer io.Closer, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("forward %s: %w", address, err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.join(conn, address)
		}
	}()
	return listener.Addr().String(), listener, nil
}

func (c *Cluster) join(conn net.Conn, address string) {
	target, err := c.Dial(context.Background(), address)
	if err != nil {
		_ = conn.Close()
		return
	}
	supervisor.Join(conn, target)
}

func (c *Cluster) api() (*apiclient.Client, error) {
	return apiclient.New(c.spec.HostURL(), c.spec.Certificate("ca"), c.spec.Certificate("admin"), c.spec.Key("admin"))
}

// Stop ends the cluster and removes its files. It may be called again.
func (c *Cluster) Stop() error {
	return c.stop(false)
}
