package controller

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// While the first of three nodes runs, the leader terminates and the callback key changes.
// All three share a Secret with tokens of that key.
func TestTokensWhoseKeyChangedUnderAnExecution(t *testing.T) {
	tests := map[string]struct {
		change   func(t *testing.T, c *cluster, key, tokens *corev1.Secret)
		wantAnew bool // the Secret with the tokens is made
	}{
		"nothing becomes of it": {change: func(*testing.T, *cluster, *corev1.Secret, *corev1.Secret) {}},
		"it is lost": {
			change: func(t *testing.T, c *cluster, key, _ *corev1.Secret) {
				must(t, c.client.CoreV1().Secrets(testNamespace).Delete(t.Context(), key.Name, metav1.DeleteOptions{}))
			},
			wantAnew: true,
		},
		"it is rotated, and still known": {
			change: func(t *testing.T, c *cluster, key, _ *corev1.Secret) {
				key.Data = map[string][]byte{"current": []byte(strings.Repeat("b", route.TokenKeyBytes)), "previous": key.Data["current"]}
				_, err := c.client.CoreV1().Secrets(testNamespace).Update(t.Context(), key, metav1.UpdateOptions{})
				must(t, err)
			},
		},
		"an earlier version did not say which it was": {
			change: func(t *testing.T, c *cluster, _, tokens *corev1.Secret) {
				delete(tokens.Labels, jobspec.KeyLabel)
				_, err := c.client.CoreV1().Secrets(testNamespace).Update(t.Context(), tokens, metav1.UpdateOptions{})
				must(t, err)
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				for _, node := range []string{"a", "b", "c"} {
					c.behave(node, behaviour{runFor: time.Minute})
				}
				cfg := testConfig(func(c *config.Config) { c.TokensPerSecret, c.PodPoolSize = 50, 1 })
				first := startReplica(t, c, newMemoryStore(), cfg)
				time.Sleep(10 * time.Second)
				first.kill()
				key, err := c.client.CoreV1().Secrets(testNamespace).Get(t.Context(), testName+"-callback-key", metav1.GetOptions{})
				must(t, err)
				before := c.tokenOf("b")
				tt.change(t, c, key, &c.secretsWithTokens()[0])
				second := startReplica(t, c, newMemoryStore(), cfg)
				defer second.kill()
				time.Sleep(80 * time.Second) // b runs
				after := c.tokenOf("b")
				if anew := after != before; anew != tt.wantAnew {
					t.Errorf("the tokens were made anew: %t, want %t", anew, tt.wantAnew)
				}
				id := c.records()[0].Plan.ID
				if err := second.CallbackAuth().Authenticate(t.Context(), execution.Key{Execution: id, Node: "b"}, after); err != nil {
					t.Errorf("the token of b, which started after that: %v", err)
				}
				if created := c.created(); created["b"] != 1 || created["c"] != 0 {
					t.Fatalf("created: %v, want b to run", created)
				}
				time.Sleep(3 * time.Minute)
				c.wantOutcomes(map[string]execution.Outcome{"a": succeeded, "b": succeeded, "c": succeeded})
			})
		})
	}
}

func TestTheLeaderKeepsTheCallbackKey(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: 10 * time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		time.Sleep(10 * time.Second)
		secrets := c.client.CoreV1().Secrets(testNamespace)
		before, err := secrets.Get(t.Context(), testName+"-callback-key", metav1.GetOptions{})
		must(t, err)
		must(t, secrets.Delete(t.Context(), before.Name, metav1.DeleteOptions{}))
		time.Sleep(time.Second)
		after, err := secrets.Get(t.Context(), before.Name, metav1.GetOptions{})
		must(t, err)
		if diff := cmp.Diff(before.Data, after.Data) + cmp.Diff(before.Labels, after.Labels); diff != "" {
			t.Errorf("the Secret that was created again (-want +got):\n%s", diff)
		}
		r.kill()
		next := startReplica(t, c, newMemoryStore(), testConfig())
		defer next.kill()
		time.Sleep(time.Second)
		if err := next.CallbackAuth().Authenticate(t.Context(), execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}, c.tokenOf("a")); err != nil {
			t.Errorf("the token of the pod that runs: %v", err)
		}
	})
}
