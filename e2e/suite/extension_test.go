//go:build e2e

package suite

import (
	"os"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

// TestExtension runs a program that extends the controller.
func TestExtension(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	image := os.Getenv("E2E_EXTENDED_IMAGE")
	if image == "" && env.provider.Name() == provider.Kubeconfig {
		t.Skip("images cannot be loaded into this cluster, and E2E_EXTENDED_IMAGE names none: an image of ./e2e/suite/extended")
	}
	if image == "" {
		built, err := env.load(ctx, "./e2e/suite/extended")
		if err != nil {
			t.Fatal(err)
		}
		image = built.Name
	}
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "extension"),
		Image:       image,
		Config:      configuration(t, "extension", object{"custom": object{"greeting": "hello"}}),
		PodTemplate: podTemplate(reportScript),
		Service:     "callback",
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("custom reaches an extension, which adds to the pods' environment", func(t *testing.T) {
		for _, node := range env.nodes {
			seen := s.uploadedEnvironment(t, ctx, e.ID, node+"-env.txt")
			if got, want := seen["GREETING"], "hello, "+node; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}
