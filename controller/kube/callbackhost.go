package kube

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

const (
	// hostLife is how long an answer about the callback Service is used again:
	// Jobs are created by the thousand, and the Service hardly ever changes.
	hostLife = 5 * time.Second
	// hostTimeout bounds the question. All Jobs wait for it, and do without.
	hostTimeout = 5 * time.Second
)

// CallbackHostOptions are what a CallbackHost is made of.
type CallbackHostOptions struct {
	Client    Client
	Namespace string
	Service   string // the callback Service
	Fixed     string // what job pods connect to in any case; empty: the Service
	// Covers reports whether the certificate of the callback port is for a name or an
	// address. Nil: callbacks come by plain HTTP.
	Covers func(host string) bool
	Clock  clock.PassiveClock
	Log    *slog.Logger
}

// CallbackHost finds what job pods connect to.
type CallbackHost struct {
	CallbackHostOptions
	busy  chan struct{} // full while the rest is read or changed, and the Service asked for
	known string        // empty: what the execution began with
	asked time.Time     // when the Service was last asked for
}

// NewCallbackHost returns one for the pods of an execution, which knows nothing yet.
func NewCallbackHost(o CallbackHostOptions) *CallbackHost {
	return &CallbackHost{CallbackHostOptions: o, busy: make(chan struct{}, 1)}
}

// Current returns what the pod of a Job connects to that is created now. It is asked
// for and not taken from the record, because an execution may take days: meanwhile
// the Service may be created anew, with another address, or another replica lead.
// The record has what it was when the execution began, for a leader that cannot read
// the Service.
func (h *CallbackHost) Current(ctx context.Context, began string) string {
	if h.Fixed != "" {
		return h.Fixed
	}
	select {
	case h.busy <- struct{}{}:
		defer func() { <-h.busy }()
	case <-ctx.Done(): // the Job will not be created with it
		return began
	}
	before := cmp.Or(h.known, began)
	if h.Service == "" || (!h.asked.IsZero() && h.Clock.Since(h.asked) < hostLife) {
		return before
	}
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	host, err := h.Read(ctx)
	h.asked = h.Clock.Now()
	switch {
	case apierrors.IsNotFound(err):
		// The address is gone. The name leads to the Service that may take its
		// place, by the time that a pod has something to report.
		host = route.ServiceHost(h.Service, h.Namespace)
	case err != nil:
		h.Log.Warn("callback Service not read: Jobs get its last known address", "service", h.Service, "host", before, "error", err)
		return before
	}
	if host != before {
		h.Log.Warn("the callback host has changed", "service", h.Service, "before", before, "host", host)
	}
	h.known = host
	return host
}

// Read returns what job pods connect to: the address of the Service rather than its
// name, because pods on the host's network often cannot resolve the names of
// Services; but the name, if the certificate is for that and not for the address.
func (h *CallbackHost) Read(ctx context.Context) (string, error) {
	if h.Fixed != "" {
		return h.Fixed, nil
	}
	there, err := h.Client.CoreV1().Services(h.Namespace).Get(ctx, h.Service, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("callbackServiceName %q: %w", h.Service, err)
	}
	ip := there.Spec.ClusterIP
	if ip == "" || ip == corev1.ClusterIPNone || (h.Covers != nil && !h.Covers(ip)) {
		return route.ServiceHost(h.Service, h.Namespace), nil
	}
	return ip, nil
}
