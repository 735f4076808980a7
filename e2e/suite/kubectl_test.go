//go:build e2e

package suite

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
)

// kubectl returns what a person would see.
func kubectl(t *testing.T, ctx context.Context, args ...string) string {
	t.Helper()
	program, err := exec.LookPath(env.provider.Kubectl())
	if err != nil {
		t.Skipf("this machine lacks kubectl: %v", err)
	}
	cmd := exec.CommandContext(ctx, program, append([]string{"--kubeconfig", env.provider.Kubeconfig()}, args...)...)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kubectl %v: %v: %s", args, err, failure.Bytes())
	}
	return string(out)
}
