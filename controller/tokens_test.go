package controller

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// tokenSecrets returns the nodes whose tokens each Secret holds, by its name.
func (c *cluster) tokenSecrets() map[string][]string {
	c.t.Helper()
	all := map[string][]string{}
	for _, s := range c.secretsWithTokens() {
		all[s.Name] = slices.Sorted(maps.Keys(s.Data))
	}
	return all
}

func (c *cluster) secretsWithTokens() []corev1.Secret {
	c.t.Helper()
	list, err := c.client.CoreV1().Secrets(testNamespace).List(c.ctx, metav1.ListOptions{
		LabelSelector: jobspec.Selector(testName, jobspec.TokenComponent).String(),
	})
	must(c.t, err)
	return list.Items
}

func withTokensPerSecret(n int) func(*config.Config) {
	return func(c *config.Config) { c.TokensPerSecret, c.PodPoolSize = n, 10 }
}

func TestTokensAreInSecretsOfAFewNodesEach(t *testing.T) {
	tests := map[string]struct {
		per  int
		want [][]string
	}{
		"one for each node":    {per: 1, want: [][]string{{"a"}, {"b"}, {"c"}, {"d"}, {"e"}}},
		"two nodes share one":  {per: 2, want: [][]string{{"a", "b"}, {"c", "d"}, {"e"}}},
		"as many as there are": {per: 5, want: [][]string{{"a", "b", "c", "d", "e"}}},
		"more than there are":  {per: 50, want: [][]string{{"a", "b", "c", "d", "e"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				nodes := []string{"a", "b", "c", "d", "e"}
				c := newCluster(t, nodes...)
				for _, node := range nodes {
					c.behave(node, behaviour{runFor: 10 * time.Second})
				}
				r := startReplica(t, c, newMemoryStore(), testConfig(withTokensPerSecret(tt.per)))
				defer r.kill()
				time.Sleep(5 * time.Second)
				record := c.records()[0]
				want := map[string][]string{}
				for n, nodes := range tt.want {
					want[fmt.Sprintf("%s-%s-tokens-%d", testName, record.Plan.ID, n)] = nodes
				}
				if diff := cmp.Diff(want, c.tokenSecrets()); diff != "" {
					t.Errorf("Secrets (-want +got):\n%s", diff)
				}
				for _, secret := range c.secretsWithTokens() {
					if owner := metav1.GetControllerOf(&secret); owner == nil || owner.UID != record.Object.UID || !*secret.Immutable {
						t.Errorf("Secret %s: owner %v", secret.Name, owner)
					}
					for node, token := range secret.Data {
						key := execution.Key{Execution: record.Plan.ID, Node: node}
						if got, err := r.Keyring.Verify(t.Context(), string(token)); err != nil || got != key {
							t.Errorf("token of %s: %v, %v", node, got, err)
						}
					}
				}
				time.Sleep(time.Minute)
				if c.records()[0].Account.Phase != execution.Closed {
					t.Fatal("the execution did not close")
				}
				if left := c.tokenSecrets(); len(left) > 0 {
					t.Errorf("left after the end: %v", left)
				}
			})
		})
	}
}

func TestWithoutTokensThereAreNoSecrets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.Callback.Auth = execution.NoAuth }))
		defer r.kill()
		time.Sleep(time.Minute)
		for _, action := range c.client.Actions() {
			if action.GetResource().Resource == "secrets" {
				t.Errorf("%s of a Secret", action.GetVerb())
			}
		}
		c.wantOutcomes(map[string]execution.Outcome{"a": succeeded})
	})
}

// refuseTokens makes the API server reject token Secrets until a time.
func (c *cluster) refuseTokens(verb string, until time.Time, err error) {
	c.react(verb, "secrets", func(clienttesting.Action) (bool, runtimeObject, error) {
		return time.Now().Before(until), nil, err
	})
}

func TestTokenSecretsThatAreRefused(t *testing.T) {
	refusals := map[string]error{
		"a quota":                     apierrors.NewForbidden(corev1.Resource("secrets"), "x", errors.New("exceeded quota")),
		"a webhook without a code":    webhookDenial(),
		"a ValidatingAdmissionPolicy": policyDenial("secrets"),
		"what calls them invalid": apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Secret").GroupKind(), "x",
			field.ErrorList{field.Forbidden(field.NewPath("data"), "no owner")}), // it is not the template that is
	}
	tests := map[string]struct {
		lasts time.Duration
		want  execution.Outcome
	}{
		"for a while":              {lasts: 30 * time.Second, want: succeeded},
		"until the start deadline": {lasts: time.Hour, want: failedWith(execution.JobRefused)},
	}
	for who, refusal := range refusals {
		for name, tt := range tests {
			t.Run("by "+who+" "+name, func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					c := newCluster(t, "a", "b")
					r := newReplica(t, c.client, newMemoryStore(), testConfig())
					c.refuseTokens("create", time.Now().Add(tt.lasts), refusal)
					r.run()
					defer r.kill()
					time.Sleep(11 * time.Minute)
					c.wantOutcomes(map[string]execution.Outcome{"a": tt.want, "b": tt.want})
					c.wantOneEvent(kube.EventJobRefused, "rejected, and retried")
				})
			})
		}
	}
}

func TestSecretsThatCannotBeDeletedHoldNothingUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.refuseTokens("delete-collection", time.Now().Add(time.Hour), apierrors.NewForbidden(corev1.Resource("secrets"), "x", nil))
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(time.Minute)
		c.wantOutcomes(map[string]execution.Outcome{"a": succeeded, "b": succeeded})
	})
}

// The next leader finds some of the Secrets, and lacks others.
func TestTokensAfterATakeover(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c", "d")
		for _, node := range []string{"a", "b", "c", "d"} {
			c.behave(node, behaviour{runFor: 10 * time.Second})
		}
		cfg := testConfig(func(c *config.Config) { c.TokensPerSecret = 1 }) // the pool has two
		first := startReplica(t, c, newMemoryStore(), cfg)
		time.Sleep(5 * time.Second)
		given := map[string]string{}
		for _, secret := range c.secretsWithTokens() {
			for node, token := range secret.Data {
				given[node] = string(token)
			}
		}
		first.kill()
		second := startReplica(t, c, newMemoryStore(), cfg)
		defer second.kill()
		time.Sleep(2 * time.Second)
		for node, token := range given {
			key := execution.Key{Execution: c.records()[0].Plan.ID, Node: node}
			if err := second.CallbackAuth().Authenticate(t.Context(), key, token); err != nil {
				t.Errorf("the token of %s: %v", node, err)
			}
		}
		time.Sleep(time.Minute)
		c.wantOutcomes(map[string]execution.Outcome{"a": succeeded, "b": succeeded, "c": succeeded, "d": succeeded})
		if len(given) != 2 || len(c.tokenSecrets()) > 0 {
			t.Errorf("%d tokens were given first, left: %v", len(given), c.tokenSecrets())
		}
	})
}

func (c *cluster) tokenOf(node string) string {
	c.t.Helper()
	for _, secret := range c.secretsWithTokens() {
		if token, ok := secret.Data[node]; ok {
			return string(token)
		}
	}
	return ""
}

// The role of an earlier version does not allow deletecollection of Secrets.
func TestTokensWithARoleOfBefore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{runFor: time.Minute})
		c.refuseTokens("delete-collection", time.Now().Add(time.Hour), apierrors.NewForbidden(corev1.Resource("secrets"), "", nil))
		cfg := testConfig(func(c *config.Config) { c.PodPoolSize = 1 })
		first := startReplica(t, c, newMemoryStore(), cfg)
		time.Sleep(10 * time.Second)
		first.kill()
		second := startReplica(t, c, newMemoryStore(), cfg)
		defer second.kill()
		time.Sleep(3 * time.Minute)
		c.wantOutcomes(map[string]execution.Outcome{"a": succeeded, "b": succeeded})
	})
}

// One request deletes many Secrets, and the execution closes without waiting for it.
func TestAnExecutionWithManySecretsCloses(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var nodes []string
		for i := range 60 {
			nodes = append(nodes, fmt.Sprintf("node-%02d", i))
		}
		c := newCluster(t, nodes...)
		closedFirst := false
		c.react("delete-collection", "secrets", func(clienttesting.Action) (bool, runtimeObject, error) {
			version := v1alpha1.GroupVersion()
			list, err := c.client.Resources.Tracker().List(version.WithResource(v1alpha1.ExecutionResource), version.WithKind(v1alpha1.ExecutionKind), testNamespace)
			for _, object := range list.(*v1alpha1.ExecutionList).Items {
				closedFirst = closedFirst || object.Status.Phase == v1alpha1.Closed
			}
			return false, nil, err
		})
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.TokensPerSecret, c.PodPoolSize = 1, 20 }))
		defer r.kill()
		time.Sleep(5 * time.Minute)
		requests := map[string]int{}
		for _, action := range c.client.Actions() {
			if action.GetResource().Resource == "secrets" {
				requests[action.GetVerb()]++
			}
		}
		if requests["delete"] != 0 || requests["delete-collection"] != 1 || !closedFirst {
			t.Errorf("requests: %v, after the record was closed: %t; want one to delete all, after that", requests, closedFirst)
		}
		if left := c.tokenSecrets(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}
