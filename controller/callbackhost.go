package controller

import (
	"cmp"
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

const (
	// hostLife is how long an answer about the callback Service is used again:
	// Jobs are created by the thousand, and the Service hardly ever changes.
	hostLife = 5 * time.Second
	// hostTimeout bounds the question. All Jobs wait for it, and do without.
	hostTimeout = 5 * time.Second
)

// callbackHosts remembers what job pods connect to. Begin makes another one for each
// term.
type callbackHosts struct {
	busy  chan struct{} // full while the rest is read or changed, and the Service asked for
	known string        // empty: what the execution began with
	asked time.Time     // when the Service was last asked for
}

func newCallbackHosts() *callbackHosts { return &callbackHosts{busy: make(chan struct{}, 1)} }

// hostFor returns what the pods of a Job that is created now connect to. It is
// asked for and not taken from the record, because an execution may take days:
// meanwhile the Service may be created anew, with another address, or another
// replica lead. The record says what it was at the beginning, for a leader that
// cannot read the Service.
func (c *Controller) hostFor(ctx context.Context, began execution.Settings) string {
	if c.PodIP != "" {
		return c.PodIP
	}
	name := c.config().CallbackServiceName
	select {
	case c.hosts.busy <- struct{}{}:
		defer func() { <-c.hosts.busy }()
	case <-ctx.Done(): // the Job will not be created with it
		return began.CallbackName
	}
	if name == "" || (!c.hosts.asked.IsZero() && time.Since(c.hosts.asked) < hostLife) {
		return cmp.Or(c.hosts.known, began.CallbackName)
	}
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	host, err := c.callbackHost(ctx, name)
	c.hosts.asked = time.Now()
	before := cmp.Or(c.hosts.known, began.CallbackName)
	switch {
	case apierrors.IsNotFound(err):
		// The address is gone. The name leads to the Service that may take its
		// place, by the time that a pod has something to report.
		host = route.ServiceHost(name, c.Namespace)
	case err != nil:
		c.Log.Warn("callback Service not read: Jobs are given the last address that is known", "service", name, "host", before, "error", err)
		return before
	}
	if host = c.coveredHost(host); host != before {
		c.Log.Warn("job pods connect to another callback host from now on", "service", name, "before", before, "host", host)
	}
	c.hosts.known = host
	return host
}

// callbackHost returns what job pods connect to: the address of the Service
// rather than its name, because pods on the host's network often cannot
// resolve the names of Services.
func (c *Controller) callbackHost(ctx context.Context, name string) (string, error) {
	if c.PodIP != "" {
		return c.PodIP, nil
	}
	service, err := c.Client.CoreV1().Services(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("callbackServiceName %q: %w", name, err)
	}
	if ip := service.Spec.ClusterIP; ip != "" && ip != corev1.ClusterIPNone {
		return ip, nil
	}
	return route.ServiceHost(name, c.Namespace), nil
}
