package controller

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// newCallbacks returns what authenticates the callbacks of the controller's pods.
func (m *Manager) newCallbacks() *auth.Callbacks {
	return auth.NewCallbacks(auth.CallbackOptions{
		Controller:  m.Options.Config.Name,
		Namespace:   m.Namespace,
		Auth:        m.Options.Config.Callback.Auth,
		Credentials: m.credentials,
		Reviewer: sync.OnceValue(func() *auth.TokenReviewer {
			return auth.NewTokenReviewer(m.Client.AuthenticationV1().TokenReviews(), m.Clock)
		}),
		Open:     m.openForCallbacks,
		Cache:    m.caches,
		Pods:     m.Client.CoreV1().Pods(m.Namespace),
		Jobs:     m.Client.BatchV1().Jobs(m.Namespace),
		Notifier: callbackNotices{m},
		Clock:    m.Clock,
	})
}

func (m *Manager) openForCallbacks() (open auth.OpenExecution, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.active == nil {
		return open, false
	}
	return auth.OpenExecution{ID: m.active.ID(), Auth: m.active.Auth(), Owner: m.active.Record().Owner()}, true
}

// callbackNotices writes events about callbacks that were denied.
type callbackNotices struct{ *Manager }

// Impostor writes an event about the pod that spoke for another node.
func (n callbackNotices) Impostor(ctx context.Context, whose, claimed execution.Key) {
	n.Log.Warn("callback denied: the token is that of another node task",
		"execution", whose.Execution, "node", whose.Node, "claimedExecution", claimed.Execution, "claimedNode", claimed.Node)
	ctx, cancel := context.WithTimeout(ctx, kube.EventTimeout)
	defer cancel()
	about, err := n.subjects.Of(ctx, whose)
	if err != nil {
		n.Log.Warn("event not written", "reason", kube.EventCallbackDenied, "error", err)
		return
	}
	n.announcer.Announce(ctx, about, true, kube.EventCallbackDenied,
		fmt.Sprintf("a callback with the token of node %s was denied: it was for %s of execution %s", whose.Node, claimed.Node, claimed.Execution))
}

// Stranger says what may be behind a token that was made with a key which is not
// known: two controllers behind one Service, each of which gets a part of the
// other's callbacks, or a key that was replaced.
func (n callbackNotices) Stranger(ctx context.Context, claimed execution.Key) {
	cfg := n.source.Current()
	about, hint := record.StateReference(n.Namespace, cfg.Name), "it is of another controller, or the callback key was replaced"
	switch own := n.caches.Job(n.Namespace, jobspec.JobName(cfg.Name, claimed)) != nil; {
	case own:
		hint = "the callback key was replaced after the pod was given it; the nodes that start later have tokens of the new one"
	case cfg.CallbackServiceName != "":
		about = corev1.ObjectReference{APIVersion: "v1", Kind: "Service", Namespace: n.Namespace, Name: cfg.CallbackServiceName}
		hint = fmt.Sprintf("it is of another controller: does Service %s select two controllers? Its selector must match the pods of %s only", cfg.CallbackServiceName, cfg.Name)
	}
	n.Log.Warn("callback denied: the token was made with a key that is not known", "execution", claimed.Execution, "node", claimed.Node, "hint", hint)
	ctx, cancel := context.WithTimeout(ctx, kube.EventTimeout)
	defer cancel()
	n.announcer.Announce(ctx, about, true, kube.EventCallbackDenied, "callbacks are denied whose token was made with a key that is not known: "+hint)
}
