package controller

import (
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// CallbackTLS is how the callback port is served with TLS.
type CallbackTLS interface {
	// CABundle returns the ConfigMap with the authorities that job pods are to
	// trust, or nothing if they trust them anyway.
	CABundle() string
	// Covers reports whether the certificate is for a name or an address.
	Covers(host string) bool
}

// withTLS adds how job pods reach a callback port with TLS: by the Service's
// name, if the certificate is not for its address.
func (c *Controller) withTLS(s execution.Settings) execution.Settings {
	if c.TLS == nil {
		return s
	}
	s.CallbackTLS, s.CABundle = true, c.TLS.CABundle()
	s.CallbackName = c.coveredHost(s.CallbackName)
	return s
}

// coveredHost returns the host, or the Service's name if the certificate is for
// that and not for the host.
func (c *Controller) coveredHost(host string) string {
	if c.TLS == nil || c.PodIP != "" || c.TLS.Covers(host) {
		return host
	}
	return route.ServiceHost(c.config().CallbackServiceName, c.Namespace)
}

// noticeTLS says so when the pods of an execution were told another scheme than
// the port is served with now: they cannot report.
func (c *Controller) noticeTLS(p execution.Plan) {
	if now := c.TLS != nil; p.Settings.CallbackTLS != now {
		c.Log.Error("callback.tls was changed while an execution is open: its pods cannot report until it is changed back",
			"execution", p.ID, "told", schemeOf(p.Settings.CallbackTLS), "served", schemeOf(now))
	}
}

func schemeOf(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}
