package callbackhost

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

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

const (
	// hostLife is how long the host is cached: Jobs are created by the thousand, and
	// the callback Service rarely changes.
	hostLife = 5 * time.Second
	// hostTimeout bounds a read of the Service, for which all Jobs of an execution wait.
	hostTimeout = 5 * time.Second
)

// Options are the options of a Host.
type Options struct {
	Client    kube.Client
	Namespace string
	Service   string // the callback Service
	Fixed     string // the host that overrides the Service; empty: none
	// Covers reports whether the callback port's certificate is valid for a name or an
	// address. Nil: callbacks use plain HTTP.
	Covers func(host string) bool
	Clock  clock.PassiveClock
	Log    *slog.Logger
}

// Host finds the host that the job pods of an execution connect to.
type Host struct {
	Options
	lock   chan struct{} // full while a goroutine uses the fields below or reads the Service
	last   string        // the last known host; empty: the recorded one
	readAt time.Time     // of the last attempt to read the Service
}

// New returns the Host of one execution. It has not read the Service yet.
func New(o Options) *Host {
	return &Host{Options: o, lock: make(chan struct{}, 1)}
}

// Current returns the host for the pod of a Job that is created now. It reads the Service
// and does not rely on the record, because an execution may take days: meanwhile, the
// Service may be recreated with another address, or another replica may become the
// leader. recorded is the host when the execution began, for a leader that cannot read
// the Service.
func (h *Host) Current(ctx context.Context, recorded string) string {
	if h.Fixed != "" {
		return h.Fixed
	}
	select {
	case h.lock <- struct{}{}:
		defer func() { <-h.lock }()
	case <-ctx.Done(): // no Job will be created with it
		return recorded
	}
	before := cmp.Or(h.last, recorded)
	if h.Service == "" || (!h.readAt.IsZero() && h.Clock.Since(h.readAt) < hostLife) {
		return before
	}
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	host, err := h.Read(ctx)
	h.readAt = h.Clock.Now()
	switch {
	case apierrors.IsNotFound(err):
		// The Service is deleted, and its address with it. Its name resolves to a new
		// Service, which may exist by the time a pod sends a callback.
		host = route.ServiceHost(h.Service, h.Namespace)
	case err != nil:
		h.Log.Warn("callback Service not read: Jobs get its last known address", "service", h.Service, "host", before, "error", err)
		return before
	}
	if host != before {
		h.Log.Warn("the callback host has changed", "service", h.Service, "before", before, "host", host)
	}
	h.last = host
	return host
}

// Read returns the host that job pods connect to: the address of the Service, because
// pods on the host's network often cannot resolve names of Services; or its name, if the
// certificate is not valid for the address.
func (h *Host) Read(ctx context.Context) (string, error) {
	if h.Fixed != "" {
		return h.Fixed, nil
	}
	service, err := h.Client.CoreV1().Services(h.Namespace).Get(ctx, h.Service, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("callbackServiceName %q: %w", h.Service, err)
	}
	ip := service.Spec.ClusterIP
	if ip == "" || ip == corev1.ClusterIPNone || (h.Covers != nil && !h.Covers(ip)) {
		return route.ServiceHost(h.Service, h.Namespace), nil
	}
	return ip, nil
}
