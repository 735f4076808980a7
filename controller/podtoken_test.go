package controller

import (
	"context"
	"errors"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// podToken is for {"aud":["bjc.jobs.check"]}.
const podToken = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOlsiYmpjLmpvYnMuY2hlY2siXX0.c2ln"

const podNameClaim = "authentication.kubernetes.io/pod-name"

// podReviews is the API server's review of podToken.
type podReviews struct {
	status authenticationv1.TokenReviewStatus
	err    error
}

func (r *podReviews) react(clienttesting.Action) (bool, runtimeObject, error) {
	return true, &authenticationv1.TokenReview{Status: r.status}, r.err
}

// boundTo returns the review of a valid token that is bound to a pod.
func boundTo(pod *metav1.ObjectMeta, node string) authenticationv1.TokenReviewStatus {
	return authenticationv1.TokenReviewStatus{
		Authenticated: true,
		Audiences:     []string{"bjc." + testNamespace + "." + testName},
		User: authenticationv1.UserInfo{
			Username: "system:serviceaccount:" + testNamespace + ":job",
			Extra: map[string]authenticationv1.ExtraValue{
				podNameClaim: {pod.Name}, "authentication.kubernetes.io/pod-uid": {string(pod.UID)}, "authentication.kubernetes.io/node-name": {node},
			},
		},
	}
}

func TestServiceAccountTokens(t *testing.T) {
	tests := map[string]struct {
		change func(*podReviews)
		node   string // that the callback is for; empty: the pod's own
		want   error
	}{
		"that of the pod":                       {change: func(*podReviews) {}},
		"for another node":                      {change: func(*podReviews) {}, node: "b", want: execution.ErrOtherTask},
		"one that is not valid":                 {change: func(r *podReviews) { r.status.Authenticated = false }, want: execution.ErrUnauthenticated},
		"one for another audience":              {change: func(r *podReviews) { r.status.Audiences = []string{"other"} }, want: execution.ErrUnauthenticated},
		"an API server that knows no audiences": {change: func(r *podReviews) { r.status.Audiences = nil }, want: execution.ErrUnauthenticated},
		"one that no pod is bound to":           {change: func(r *podReviews) { r.status.User.Extra = nil }, want: execution.ErrUnauthenticated},
		"one with two pods":                     {change: func(r *podReviews) { r.status.User.Extra[podNameClaim] = []string{"x", "y"} }, want: execution.ErrUnauthenticated},
		"that of a pod that has gone":           {change: func(r *podReviews) { r.status.User.Extra[podNameClaim] = []string{"gone"} }, want: execution.ErrUnauthenticated},
		"another service account's":             {change: func(r *podReviews) { r.status.User.Username = "system:serviceaccount:jobs:other" }, want: execution.ErrUnauthenticated},
		"an API server that fails":              {change: func(r *podReviews) { r.err = apierrors.NewInternalError(errors.New("broken")) }, want: execution.ErrUnavailable},
		"an API server that is busy":            {change: func(r *podReviews) { r.err = apierrors.NewTooManyRequests("busy", 1) }, want: execution.ErrUnavailable},
		"an API server that is away":            {change: func(r *podReviews) { r.err = context.DeadlineExceeded }, want: execution.ErrUnavailable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				c.behave("a", behaviour{runFor: time.Minute})
				said := &podReviews{}
				c.react("create", "tokenreviews", said.react)
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.Callback.Auth = execution.ServiceAccountTokenAuth }))
				defer r.kill()
				time.Sleep(5 * time.Second)
				pods, err := c.client.CoreV1().Pods(testNamespace).List(t.Context(), metav1.ListOptions{})
				must(t, err)
				for _, pod := range pods.Items {
					if pod.Spec.NodeName == "a" {
						said.status = boundTo(&pod.ObjectMeta, "a")
					}
				}
				tt.change(said)
				key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
				if tt.node != "" {
					key.Node = tt.node
				}
				if err := r.CallbackAuth().Authenticate(t.Context(), key, podToken); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if err := r.CallbackAuth().Authenticate(t.Context(), key, ""); denied(err) != execution.DeniedMissing {
					t.Errorf("without a token: %v", err)
				}
			})
		})
	}
}
