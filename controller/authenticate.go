package controller

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Authenticate says whether who has a credential may speak for a node task. What
// a standby lets through the leader looks at again.
func (c *Controller) Authenticate(ctx context.Context, key execution.Key, credential string) error {
	auth := c.authOf(key)
	if auth == "" || auth == execution.NoAuth {
		return nil
	}
	if credential == "" {
		return execution.Deny(execution.DeniedMissing)
	}
	whose, err := c.verify(ctx, auth, credential)
	if errors.Is(err, route.ErrUnknownKey) {
		c.announceStranger(ctx, key)
	}
	if err != nil {
		return err
	}
	if whose != key {
		c.announceImpostor(ctx, whose, key)
		return execution.Deny(execution.DeniedOtherTask)
	}
	return nil
}

// authOf returns how the pod of a node task proves who it is: as it was when its
// execution opened, because what it was given does not change. One that an
// earlier version opened says nothing: it gave its pods nothing. A standby, which
// does not know the execution, goes by the Job.
func (c *Controller) authOf(key execution.Key) execution.CallbackAuth {
	c.mu.Lock()
	open := c.open
	c.mu.Unlock()
	if open != nil && open.id == key.Execution {
		return open.auth
	}
	if job := c.caches.Job(c.Namespace, jobspec.JobName(c.config().Name, key)); job != nil {
		return execution.CallbackAuth(job.Annotations[jobspec.AuthAnnotation])
	}
	return c.config().Callback.Auth
}

// verify returns the node task that a token is for.
func (c *Controller) verify(ctx context.Context, auth execution.CallbackAuth, token string) (execution.Key, error) {
	if auth == execution.ServiceAccountTokenAuth && route.IsJWT(token) {
		return c.verifyPodToken(ctx, token)
	}
	if c.Keyring == nil {
		return execution.Key{}, execution.Deny(execution.DeniedUnknownKey)
	}
	whose, err := c.Keyring.Verify(ctx, token)
	switch {
	case err == nil:
		return whose, nil
	case errors.Is(err, route.ErrUnknownKey):
		return whose, fmt.Errorf("%w: %w", execution.Deny(execution.DeniedUnknownKey), err)
	case errors.Is(err, route.ErrWrongToken):
		return whose, execution.Deny(execution.DeniedWrong)
	default:
		return whose, execution.Deny(execution.DeniedMalformed)
	}
}

// announceImpostor writes an event about the pod that spoke for another node.
func (c *Controller) announceImpostor(ctx context.Context, whose, claimed execution.Key) {
	if !c.impostors.Note(whose.Node, c.Clock.Now()) {
		return
	}
	c.Log.Warn("callback denied: the token is that of another node task",
		"execution", whose.Execution, "node", whose.Node, "claimedExecution", claimed.Execution, "claimedNode", claimed.Node)
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	about, err := c.eventObject(ctx, whose)
	if err != nil {
		c.Log.Warn("event not written", "reason", kube.EventCallbackDenied, "error", err)
		return
	}
	c.announce(ctx, about, true, kube.EventCallbackDenied,
		fmt.Sprintf("a callback with the token of node %s was denied: it was for %s of execution %s", whose.Node, claimed.Node, claimed.Execution))
}

// announceStranger says what may be behind a token that was made with a key which
// is not known, once a minute: two controllers behind one Service, each of which
// gets a part of what is the other's, or a key that was replaced.
func (c *Controller) announceStranger(ctx context.Context, claimed execution.Key) {
	if !c.unknownKeys.Note("", c.Clock.Now()) {
		return
	}
	cfg := c.config()
	about, hint := c.stateReference(), "it is of another controller, or the callback key was replaced"
	switch own := c.caches.Job(c.Namespace, jobspec.JobName(cfg.Name, claimed)) != nil; {
	case own:
		hint = "the callback key was replaced after the pod was given it; the nodes that start later have tokens of the new one"
	case cfg.CallbackServiceName != "":
		about = corev1.ObjectReference{APIVersion: "v1", Kind: "Service", Namespace: c.Namespace, Name: cfg.CallbackServiceName}
		hint = fmt.Sprintf("it is of another controller: does Service %s select two controllers? Its selector must match the pods of %s only", cfg.CallbackServiceName, cfg.Name)
	}
	c.Log.Warn("callback denied: the token was made with a key that is not known", "execution", claimed.Execution, "node", claimed.Node, "hint", hint)
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	c.announce(ctx, about, true, kube.EventCallbackDenied, "callbacks are denied whose token was made with a key that is not known: "+hint)
}
