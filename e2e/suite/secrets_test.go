//go:build e2e

package suite

import (
	"context"
	"errors"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

const tokenSelector = "app.kubernetes.io/component=callback-tokens"

// listTokens returns the tokens of all nodes.
func (s scenario) listTokens(ctx context.Context) ([]string, error) {
	secrets, err := env.cluster.CoreV1().Secrets(s.namespace).List(ctx, metav1.ListOptions{LabelSelector: tokenSelector})
	if err != nil {
		return nil, err
	}
	var tokens []string
	for _, secret := range secrets.Items {
		for _, token := range secret.Data {
			tokens = append(tokens, string(token))
		}
	}
	if len(tokens) != len(env.nodes) {
		return nil, fmt.Errorf("there are %d tokens, for %d nodes", len(tokens), len(env.nodes))
	}
	return tokens, nil
}

func (s scenario) noTokens(ctx context.Context) error {
	secrets, err := env.cluster.CoreV1().Secrets(s.namespace).List(ctx, metav1.ListOptions{LabelSelector: tokenSelector})
	if err == nil && len(secrets.Items) > 0 {
		err = errors.New("there are Secrets with tokens")
	}
	return err
}

// everything returns all texts that pods can influence: their files and logs, the events, the
// metrics and the controller's own log.
func (s scenario) everything(t *testing.T, ctx context.Context, e deploy.Execution) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, node := range env.nodes {
		for _, name := range []string{node + ".json", node + "-env.txt", node + "-statuses.txt", node + "-container-job.log"} {
			texts[name] = s.uploaded(t, ctx, e.ID, name)
		}
	}
	events, err := env.cluster.CoreV1().Events(s.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events.Items {
		texts["event "+event.Name] = event.String()
	}
	log, err := s.Logs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	texts["the controller's log"] = log
	metrics, err := s.Get(ctx, deploy.MetricsPort, "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	texts["/metrics"] = string(metrics)
	return texts
}
