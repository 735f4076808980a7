//go:build e2e

package cluster_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

func TestRealNodes(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("real nodes need root")
	}
	o := cluster.DefaultOptions()
	o.Name, o.Dir, o.Log = "harness-real", filepath.Join(t.TempDir(), "real"), t.Output()
	c := start(t, o)

	kubectl(t, c, manifest(t, "web.yaml"), "apply", "-f", "-")
	for _, node := range c.Nodes() {
		job := strings.ReplaceAll(manifest(t, "job.yaml"), "NODE", node)
		kubectl(t, c, job, "apply", "-f", "-")
	}
	kubectl(t, c, "", "wait", "--for=condition=complete", "job", "--all", "--timeout="+patience.String())
	for _, node := range c.Nodes() {
		out := kubectl(t, c, "", "logs", "job/job-"+node)
		if want := "service: hello\napi: 200\n"; out != want {
			t.Errorf("log of the job on %s: got %q, want %q", node, out, want)
		}
		on := kubectl(t, c, "", "get", "pods", "-l", "job-name=job-"+node, "-o", "jsonpath={.items[*].spec.nodeName}")
		if on != node {
			t.Errorf("job of %s ran on %s", node, on)
		}
	}
	if out := kubectl(t, c, "", "exec", "web", "--", "hostname"); strings.TrimSpace(out) != "web" {
		t.Errorf("exec: got %q", out)
	}
	get(t, c, "web.default:80")
	testFaults(t, c)
	testCrash(t, c, o)
}

// testFaults tests the faults that a cluster recovers from.
func testFaults(t *testing.T, c *cluster.Cluster) {
	ctx := t.Context()
	must(t, c.CutNode(ctx, "node-2"))
	cut, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	pod := kubectl(t, c, "", "get", "pod", "web", "-o", "jsonpath={.status.podIP}")
	if conn, err := c.Dial(cut, pod+":8000"); err == nil {
		_ = conn.Close()
		t.Error("a pod on a cut node can be reached")
	}
	must(t, c.HealNode(ctx, "node-2"))
	get(t, c, pod+":8000")

	must(t, c.KillProcess(ctx, "etcd"))
	must(t, c.StopProcess(ctx, "kube-apiserver"))
	if out, err := run(ctx, c, "", "get", "--raw", "/readyz"); err == nil {
		t.Errorf("a stopped API server answers %q", out)
	}
	must(t, c.StartProcess(ctx, "etcd"))
	must(t, c.StartProcess(ctx, "kube-apiserver"))
	eventually(t, "the API server is back", func() error {
		_, err := run(ctx, c, "", "get", "--raw", "/readyz")
		return err
	})
}

// testCrash kills the supervisor, checks that nothing remains, and starts the cluster again.
func testCrash(t *testing.T, c *cluster.Cluster, o cluster.Options) {
	namespace := link(t, c.PID(), "pid")
	if len(inNamespace(namespace)) < 10 {
		t.Fatalf("%d processes in the cluster's namespace before the crash", len(inNamespace(namespace)))
	}
	must(t, syscall.Kill(c.PID(), syscall.SIGKILL))
	eventually(t, "all processes are gone", func() error {
		return errors.Join(none(inNamespace(namespace)), none(withArgument(o.Dir)))
	})
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	if bytes.Contains(mounts, []byte(o.Dir)) {
		t.Errorf("mounts are left:\n%s", mounts)
	}
	again := start(t, o)
	must(t, again.Stop())
	if _, err := os.Stat(o.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is left: %v", err)
	}
	left, err := filepath.Glob("/sys/fs/cgroup/*/batch-job-controller-e2e/" + o.Name)
	must(t, err)
	must(t, none(left))
}

func TestSimulatedNodes(t *testing.T) {
	o := cluster.Options{
		Name: "harness-simulated", Dir: filepath.Join(t.TempDir(), "simulated"), Simulated: 200, FastJobs: true, Log: t.Output(),
	}
	c := start(t, o)
	other := start(t, cluster.Options{Name: "harness-other", Dir: filepath.Join(t.TempDir(), "other"), Log: t.Output()})
	must(t, other.Stop())

	kubectl(t, c, manifest(t, "simulated.yaml"), "apply", "-f", "-")
	kubectl(t, c, "", "wait", "--for=condition=complete", "job/good", "--timeout="+patience.String())
	kubectl(t, c, "", "wait", "--for=condition=failed", "job/bad", "--timeout="+patience.String())

	must(t, syscall.Kill(c.PID(), syscall.SIGKILL))
	eventually(t, "all processes are gone", func() error { return none(withArgument(o.Dir)) })
	must(t, c.Stop())
}

// TestOrphan kills the process that started a cluster: the cluster ends.
func TestOrphan(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "cluster")
	if out, err := exec.Command("go", "build", "-o", exe, "../cmd/cluster").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	for name, nodes := range map[string]int{"control plane only": 0, "with nodes": 2} {
		t.Run(name, func(t *testing.T) {
			if nodes > 0 && os.Geteuid() != 0 {
				t.Skip("real nodes need root")
			}
			dir := filepath.Join(t.TempDir(), "orphan")
			up := exec.Command(exe, "up", "--foreground", fmt.Sprintf("--nodes=%d", nodes), "--name=harness-orphan", "--dir="+dir)
			up.Stderr = t.Output()
			out, err := up.StdoutPipe()
			must(t, err)
			must(t, up.Start())
			if _, err := out.Read(make([]byte, 1)); err != nil {
				t.Fatalf("the cluster did not start: %v", err)
			}
			if nodes > 0 {
				c, err := cluster.Find("harness-orphan", dir)
				must(t, err)
				kubectl(t, c, manifest(t, "web.yaml"), "apply", "-f", "-")
				kubectl(t, c, "", "wait", "--for=condition=Ready", "pod/web", "--timeout="+patience.String())
			}
			must(t, up.Process.Kill())
			_ = up.Wait()
			eventually(t, "everything is gone", func() error {
				left, err := filepath.Glob(dir + "*")
				return errors.Join(err, none(left), none(withArgument(dir)))
			})
		})
	}
}

func start(t *testing.T, o cluster.Options) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func manifest(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	must(t, err)
	return string(data)
}

func kubectl(t *testing.T, c *cluster.Cluster, stdin string, args ...string) string {
	t.Helper()
	out, err := run(t.Context(), c, stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func run(ctx context.Context, c *cluster.Cluster, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.Program("kubectl"), append([]string{"--kubeconfig", c.Kubeconfig()}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out), nil
}

// get fetches a page from inside the cluster.
func get(t *testing.T, c *cluster.Cluster, address string) {
	t.Helper()
	local, closer, err := c.Forward(address)
	must(t, err)
	defer closer.Close()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	eventually(t, address+" answers", func() error {
		resp, err := client.Get("http://" + local)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err == nil && string(body) != "hello\n" {
			err = fmt.Errorf("got %q", body)
		}
		return err
	})
}

// patience is how long a test waits for conditions that take seconds on an idle machine.
const patience = 5 * time.Minute

func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("not within %s: %s: %v", patience, what, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func none(left []string) error {
	if len(left) > 0 {
		return fmt.Errorf("left: %s", strings.Join(left, ", "))
	}
	return nil
}

func link(t *testing.T, pid int, namespace string) string {
	t.Helper()
	target, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, namespace))
	must(t, err)
	return target
}

func inNamespace(namespace string) []string {
	return processes(func(dir string) bool {
		target, err := os.Readlink(filepath.Join(dir, "ns", "pid"))
		return err == nil && target == namespace
	})
}

func withArgument(part string) []string {
	return processes(func(dir string) bool {
		data, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		return err == nil && bytes.Contains(data, []byte(part))
	})
}

func processes(match func(dir string) bool) []string {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var found []string
	for _, dir := range dirs {
		if match(dir) {
			found = append(found, dir)
		}
	}
	return found
}
