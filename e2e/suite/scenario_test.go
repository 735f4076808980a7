//go:build e2e

package suite

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

const (
	// scenarioTimeout is much longer than any scenario: it ends those that hang.
	scenarioTimeout = 25 * time.Minute
	cleanupTimeout  = 2 * time.Minute
	pollInterval    = 250 * time.Millisecond
)

// scenario is a controller in a namespace of its own.
type scenario struct {
	*deploy.Controller
	namespace string
}

// namespaceName returns a unique name.
func namespaceName(name string) string {
	return "bjc-" + name + "-" + strings.ToLower(rand.Text()[:5])
}

// newNamespace creates a namespace for restricted pods only, and deletes it at the end of the
// test.
func newNamespace(t *testing.T, name string) string {
	t.Helper()
	namespace := namespaceName(name)
	_, err := env.cluster.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   namespace,
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("create namespace: %v", err)
	}
	cleanup(t, func(ctx context.Context) error {
		return env.cluster.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
	})
	return namespace
}

// begin deploys a controller, and waits until it is ready.
func begin(t *testing.T, ctx context.Context, o deploy.Overlay) scenario {
	t.Helper()
	s := install(t, ctx, o)
	if err := s.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// install deploys a controller, and does not wait for it.
func install(t *testing.T, ctx context.Context, o deploy.Overlay) scenario {
	t.Helper()
	if o.Image == "" {
		o.Image = env.image.Name
	}
	controller, err := env.cluster.Deploy(ctx, o)
	if err != nil {
		t.Fatalf("deploy: %v", err)
	}
	cleanup(t, controller.Delete)
	return scenario{Controller: controller, namespace: o.Namespace}
}

// cleanup calls do at the end of the test, unless the test has failed and E2E_KEEP is set.
func cleanup(t *testing.T, do func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("E2E_KEEP") != "" {
			t.Log("kept, because E2E_KEEP is set")
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		if err := do(ctx); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
}

// scenarioContext bounds a scenario. It also ends with an interrupt.
func scenarioContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), scenarioTimeout)
	t.Cleanup(cancel)
	go func() {
		select {
		case <-env.interrupted:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx
}

// eventually retries until there is no error.
func eventually(t *testing.T, ctx context.Context, try func() error) {
	t.Helper()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%v; gave up: %v", err, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}
