package auth

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// The claims in a TokenReview of a token that is bound to a pod.
const (
	podNameClaim  = "authentication.kubernetes.io/pod-name"
	podUIDClaim   = "authentication.kubernetes.io/pod-uid"
	nodeNameClaim = "authentication.kubernetes.io/node-name"
)

// verifyPodToken returns the node task of the pod that a service account token is bound
// to. It denies a token for another audience without a review. While the API server is
// unavailable, no token is accepted.
func (c *Callbacks) verifyPodToken(ctx context.Context, token string) (execution.Key, error) {
	if !c.Credentials.tokens().IsOwn(token) {
		return execution.Key{}, execution.Deny(execution.DeniedForeignToken)
	}
	ctx, cancel := context.WithTimeout(ctx, ReviewTimeout)
	defer cancel()
	who, err := c.Reviewer().Review(ctx, token, []string{jobspec.Audience(c.Namespace, c.Controller)})
	if errors.Is(err, ErrUnauthenticated) {
		return execution.Key{}, execution.Deny(execution.DeniedWrong)
	}
	if err != nil {
		return execution.Key{}, fmt.Errorf("%w: %w", execution.ErrUnavailable, err)
	}
	c.Credentials.learn(token)
	claim := plan.PodClaim{
		Username: who.Username,
		Pod:      onlyClaim(who.Extra, podNameClaim),
		PodUID:   onlyClaim(who.Extra, podUIDClaim),
		Node:     onlyClaim(who.Extra, nodeNameClaim),
	}
	facts, err := c.factsOfPod(ctx, claim)
	if err != nil {
		return execution.Key{}, fmt.Errorf("%w: %w", execution.ErrUnavailable, err)
	}
	return plan.AuthorizePod(claim, facts)
}

func onlyClaim(extra map[string][]string, name string) string {
	if values := extra[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// factsOfPod collects the facts about the pod of a claim, from the caches or, if they
// lag behind, from the API server.
func (c *Callbacks) factsOfPod(ctx context.Context, claim plan.PodClaim) (plan.PodFacts, error) {
	f := plan.PodFacts{Namespace: c.Namespace}
	pod, err := c.findPod(ctx, claim)
	if err != nil || pod == nil {
		return f, err
	}
	f.Pod = pod
	if key, ok := jobspec.KeyOf(pod); ok {
		if open, ok := c.Open(key.Execution); ok {
			f.Owner = &open.Owner
		}
	}
	if owner := metav1.GetControllerOf(pod); owner != nil {
		f.Job, err = c.findJob(ctx, owner.Name)
	}
	return f, err
}

// findPod returns the pod that a token is bound to, or nil.
func (c *Callbacks) findPod(ctx context.Context, claim plan.PodClaim) (*corev1.Pod, error) {
	if pod := c.Cache.Pod(c.Namespace, claim.Pod); pod != nil && string(pod.UID) == claim.PodUID {
		return pod, nil
	}
	if claim.Pod == "" {
		return nil, nil //nolint:nilnil // the claim has no pod
	}
	pod, err := c.Pods.Get(ctx, claim.Pod, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // there is none
	}
	return pod, err
}

func (c *Callbacks) findJob(ctx context.Context, name string) (*batchv1.Job, error) {
	if job := c.Cache.Job(c.Namespace, name); job != nil {
		return job, nil
	}
	job, err := c.Jobs.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // there is none
	}
	return job, err
}
