package auth

import (
	"context"
	"fmt"
	"log/slog"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// Subjects find the object that an event about a node task is about.
type Subjects interface {
	Of(ctx context.Context, key execution.Key) (corev1.ObjectReference, error)
}

// Announcer writes events on a best-effort basis.
type Announcer interface {
	Announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string)
}

// JobCache is the replica's cache of Jobs.
type JobCache interface {
	// JobOf returns the Job of a node task, or nil.
	JobOf(key execution.Key) *batchv1.Job
}

// Notices is a Notifier that writes events.
type Notices struct {
	Controller string // its name
	Namespace  string
	// State is the object of events without a more specific object.
	State corev1.ObjectReference
	// Service returns the name of the callback Service; empty: there is none.
	Service   func() string
	Subjects  Subjects
	Announcer Announcer
	Cache     JobCache
	Log       *slog.Logger
}

// OtherTask writes an event about the pod whose token was used for another node task.
func (n Notices) OtherTask(ctx context.Context, whose, claimed execution.Key) {
	n.Log.Warn("callback denied: the token belongs to another node task",
		"execution", whose.Execution, "node", whose.Node, "claimedExecution", claimed.Execution, "claimedNode", claimed.Node)
	ctx, cancel := context.WithTimeout(ctx, kube.EventTimeout)
	defer cancel()
	about, err := n.Subjects.Of(ctx, whose)
	if err != nil {
		n.Log.Warn("event not written", "reason", kube.EventCallbackDenied, "error", err)
		return
	}
	n.Announcer.Announce(ctx, about, true, kube.EventCallbackDenied,
		fmt.Sprintf("a callback with the token of node %s was denied: it was for node %s of execution %s", whose.Node, claimed.Node, claimed.Execution))
}

// UnknownKey writes an event about a token of an unknown key, with its likely cause: two
// controllers behind one Service, each of which receives part of the other's callbacks,
// or a replaced key.
func (n Notices) UnknownKey(ctx context.Context, claimed execution.Key) {
	about, hint := n.State, "they are from another controller, or the callback key was replaced"
	service := n.Service()
	switch isOwn := n.Cache.JobOf(claimed) != nil; {
	case isOwn:
		hint = "the callback key was replaced after the pod got its token; nodes that start later get tokens of the new key"
	case service != "":
		about = corev1.ObjectReference{APIVersion: "v1", Kind: "Service", Namespace: n.Namespace, Name: service}
		hint = fmt.Sprintf("they are from another controller: does Service %s select two controllers? Its selector must match the pods of %s only", service, n.Controller)
	}
	n.Log.Warn("callback denied: the token is derived from an unknown key", "execution", claimed.Execution, "node", claimed.Node, "hint", hint)
	ctx, cancel := context.WithTimeout(ctx, kube.EventTimeout)
	defer cancel()
	n.Announcer.Announce(ctx, about, true, kube.EventCallbackDenied, "callbacks are denied because their tokens are derived from an unknown key: "+hint)
}
