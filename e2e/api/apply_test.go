//go:build e2e

package api

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// One `kubectl apply -k` of each overlay is enough where the definitions of the custom
// resources are not known yet, and one `kubectl delete -k` takes all of it away. That needs a
// cluster without the definitions: the other tests cannot share it. It has no nodes, because
// only what kubectl and the API server accept is tested.
func TestOneApplyOfEachOverlay(t *testing.T) {
	t.Parallel()
	empty, err := cluster.Start(t.Context(), cluster.Options{Name: fmt.Sprintf("api-%d-empty", os.Getpid()), Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := empty.Stop(); err != nil {
			t.Error(err)
		}
	})
	forEach(t, "overlay", manifests.Overlays, func(t *testing.T, overlay string) {
		// Without what an earlier kubectl has learned about kinds.
		newcomer{cluster: empty, cache: t.TempDir(), overlay: overlay}.install(t)
	})
}

// newcomer installs an overlay on a cluster that knows nothing of it.
type newcomer struct {
	cluster        *cluster.Cluster
	cache, overlay string
}

func (n newcomer) install(t *testing.T) {
	directory, namespace := "../../kustomize/overlays/"+n.overlay, "batch-job-controller-"+n.overlay
	n.wantEmpty(t)
	if n.overlay == "e2e" { // which brings no namespace
		n.kubectl(t, "", "create", "namespace", namespace)
		defer n.kubectl(t, "", "delete", "namespace", namespace, "--timeout=2m")
	}
	rendered, err := manifests.Render(manifests.Options{Overlay: n.overlay})
	if err != nil {
		t.Fatal(err)
	}
	objects := len(documents(t, rendered))
	defer func() {
		if t.Failed() { // the next overlay finds an empty cluster
			n.kubectl(t, "", "delete", "-k", directory, "--ignore-not-found", "--timeout=2m")
		}
	}()
	applied := n.kubectl(t, "", "apply", "-k", directory)
	if created := strings.Count(applied, " created\n"); created != objects {
		t.Errorf("%d objects were created, want %d:\n%s", created, objects, applied)
	}
	n.kubectl(t, "", "wait", "--for=condition=Established", "crds", "--all", "--timeout=1m")
	n.kubectl(t, nodeCronJob("first", structured), "-n", namespace, "apply", "-f", "-")
	// Its own wait may miss the end of a definition on a busy machine.
	if deleted := strings.Count(n.kubectl(t, "", "delete", "-k", directory, "--wait=false"), " deleted"); deleted != objects {
		t.Errorf("%d objects were deleted, want %d", deleted, objects)
	}
	eventually(t, "nothing of the overlay is left", func() bool {
		return n.kubectl(t, "", "get", "-k", directory, "-o", "name", "--ignore-not-found") == ""
	})
}

// wantEmpty checks that there are neither the definitions nor a namespace of ours, and waits
// until the API server lists the kinds no more: it learns late that a definition was deleted.
func (n newcomer) wantEmpty(t *testing.T) {
	t.Helper()
	if there := n.kubectl(t, "", "get", "crds,namespaces", "--ignore-not-found", "-o", "name"); strings.Contains(there, "batch-job-controller") {
		t.Fatalf("there is already\n%s", there)
	}
	eventually(t, "the kinds of an earlier overlay are gone", func() bool {
		_, err := n.try(t.Context(), "", "get", "--raw", "/apis/batch-job-controller.io")
		return err != nil && strings.Contains(err.Error(), "NotFound")
	})
}

func (n newcomer) kubectl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := n.try(t.Context(), stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (n newcomer) try(ctx context.Context, stdin string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, n.cluster.Program("kubectl"),
		append([]string{"--kubeconfig", n.cluster.Kubeconfig(), "--cache-dir", n.cache}, args...)...)
	command.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out), nil
}
