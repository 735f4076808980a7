package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert"
)

// securePorts are the certificates of the ports that are served with TLS.
type securePorts map[string]*servingcert.Certificates

func (a *app) newSecurePorts(own *metrics.Metrics) securePorts {
	ports := securePorts{}
	for port, t := range map[string]config.TLS{
		servingcert.CallbackPort: a.config.Callback.TLS,
		servingcert.ReportPort:   a.config.Reports.TLS,
	} {
		if !t.On() {
			continue
		}
		ports[port] = servingcert.New(servingcert.Options{
			Port:       port,
			TLS:        t,
			Controller: a.config.Name,
			Namespace:  a.env.Namespace,
			Service:    a.config.CallbackServiceName,
			CASecret:   cmp.Or(a.options.CASecret, jobspec.CABundleName(a.config.Name)),
			PodIP:      a.env.PodIP,
			Client:     a.client.CoreV1(),
			Observe:    own.SetCertificateExpiry,
			Clock:      clock.RealClock{},
			Log:        a.log,
		})
	}
	return ports
}

// open loads a certificate for each port. It waits for certificates that another
// program writes.
func (s securePorts) open(ctx context.Context, start *starting) error {
	for _, certificates := range s {
		err := start.untilAnswered(ctx, "certificate", func() error {
			err := certificates.Load(ctx)
			if plan.LacksPermission(err) {
				return &misuseError{fmt.Errorf("certificate of the %s, of tls: %s: %w: the Role must allow it, as that of kustomize/components/tls does",
					certificates.Port, certificates.TLS.Mode, err)}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// keep keeps the certificates up to date until ctx ends.
func (s securePorts) keep(ctx context.Context) {
	for _, certificates := range s {
		go certificates.Run(ctx)
	}
}

// serving returns the TLS configuration of a port; nil: plain HTTP.
func (s securePorts) serving(port string) *tls.Config {
	if certificates := s[port]; certificates != nil {
		return certificates.ServerConfig()
	}
	return nil
}

// forwarding returns the TLS configuration for another replica's port; nil: plain
// HTTP.
func (s securePorts) forwarding(port string) httpserver.ForwardTLS {
	if certificates := s[port]; certificates != nil {
		return certificates.ClientConfig
	}
	return nil
}

// callbacks returns the certificates of the callback port; nil: plain HTTP.
func (s securePorts) callbacks() definition.CallbackTLS {
	if certificates := s[servingcert.CallbackPort]; certificates != nil {
		return certificates
	}
	return nil
}
