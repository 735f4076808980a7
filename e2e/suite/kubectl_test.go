//go:build e2e

package suite

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// kubectl returns the output of kubectl.
func kubectl(t *testing.T, ctx context.Context, args ...string) string {
	t.Helper()
	out, err := tryKubectl(t, ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryKubectl(t *testing.T, ctx context.Context, args ...string) (string, error) {
	t.Helper()
	return kubectlWith(t, ctx, env.provider.Kubeconfig(), args...)
}

func kubectlWith(t *testing.T, ctx context.Context, kubeconfig string, args ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath(env.provider.Kubectl())
	if err != nil {
		t.Skipf("this machine lacks kubectl: %v", err)
	}
	cmd := exec.CommandContext(ctx, program, append([]string{"--kubeconfig", kubeconfig}, args...)...)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("kubectl %v: %w: %s", args, err, failure.Bytes())
	}
	return string(out), nil
}

// untilLetGo makes a pod wait for letGo, so that a test can take any time while the pod runs.
const untilLetGo = `until [ -e /tmp/go ]; do sleep 1; done
`

// letGo lets the pod of a node continue as soon as it runs.
func (s scenario) letGo(t *testing.T, ctx context.Context, id execution.ID, node string) {
	t.Helper()
	eventually(t, ctx, func() error {
		pods, err := s.JobPods(ctx, id)
		if err != nil {
			return err
		}
		pod, ok := pods[node]
		if !ok {
			return fmt.Errorf("node %s has no pod", node)
		}
		_, err = tryKubectl(t, ctx, "--namespace", s.namespace, "exec", pod.Name, "--container", "job", "--", "touch", "/tmp/go")
		return err
	})
}
