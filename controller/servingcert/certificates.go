package servingcert

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
)

const (
	// pollPeriod is how often certificates are reloaded.
	pollPeriod = time.Minute
	// loadTimeout bounds the requests of a Load.
	loadTimeout = 30 * time.Second
	// bundleSettle is how long a new authority is published before its certificate is
	// presented: kubelets take a minute or two to update the volumes of running pods.
	bundleSettle = 5 * time.Minute
)

// The ports that can have a certificate.
const (
	CallbackPort = "callbacks"
	ReportPort   = "reports"
)

// Client is the part of the client that this package needs.
type Client interface {
	coreclient.ConfigMapsGetter
	coreclient.SecretsGetter
	coreclient.ServicesGetter
}

// Options say which certificate a port has.
type Options struct {
	Port       string // CallbackPort or ReportPort
	TLS        config.TLS
	Controller string // its name
	Namespace  string
	Service    string // in front of the port; may be empty if PodIP is set
	PodIP      string // the host instead of the Service; may be empty
	CASecret   string // with the controller's own authority, for TLSSelfSigned
	Client     Client
	Observe    func(port string, expiry time.Time) // called with the certificate in use; may be nil
	Clock      clock.WithTicker
	Log        *slog.Logger
}

// Certificates keeps the certificate of a port, and the CA bundle for its clients up to
// date. On an error it keeps the last valid certificate.
type Certificates struct {
	Options
	source  pairSource
	bundle  caBundle
	current atomic.Pointer[servingPair]

	// The following fields are for Load, which only one goroutine calls.

	lastBundle []byte    // of the source
	showFrom   time.Time // when the source's certificate may be presented
	lastError  string
}

// pairSource reads or creates certificates.
type pairSource interface {
	load(ctx context.Context, now time.Time) (servingPair, error)
}

// servingPair is a certificate with its key and CA bundle.
type servingPair struct {
	pair   *tls.Certificate
	bundle []byte // empty: clients trust the authority anyway
}

// New returns the certificates of a port whose TLS is on. Load has to be called
// before they are used.
func New(o Options) *Certificates {
	c := &Certificates{Options: o, bundle: newCABundle(o)}
	if o.TLS.Mode == config.TLSSecret {
		c.source = newSecretSource(o)
	} else {
		c.source = newSelfSigned(o)
	}
	return c
}

// Load reads or creates the certificate. It publishes the CA bundle before it presents
// a certificate that needs it.
func (c *Certificates) Load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	now := c.Clock.Now()
	fresh, err := c.source.load(ctx, now)
	if err != nil {
		return err
	}
	own := fresh.bundle
	if len(own) > 0 {
		if fresh.bundle, err = c.bundle.publish(ctx, own, now); err != nil {
			return err
		}
	}
	old := c.current.Load()
	if old != nil && !bytes.Equal(own, c.lastBundle) {
		c.showFrom = now.Add(bundleSettle)
	}
	c.lastBundle = own
	if old != nil && now.Before(c.showFrom) && now.Before(old.pair.Leaf.NotAfter) {
		fresh.pair = old.pair
	}
	c.install(&fresh, old)
	return nil
}

func (c *Certificates) install(fresh, old *servingPair) {
	c.current.Store(fresh)
	expiry := fresh.pair.Leaf.NotAfter
	if c.Observe != nil {
		c.Observe(c.Port, expiry)
	}
	if old == nil || !bytes.Equal(old.pair.Leaf.Raw, fresh.pair.Leaf.Raw) {
		c.Log.Info("certificate in use", "port", c.Port, "expires", expiry, "names", fresh.pair.Leaf.DNSNames)
	}
}

// Run keeps the certificate up to date until ctx ends.
func (c *Certificates) Run(ctx context.Context) {
	ticker := c.Clock.NewTicker(pollPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		err := c.Load(ctx)
		c.report(ctx, err)
	}
}

// report logs an error once, and not every minute.
func (c *Certificates) report(ctx context.Context, err error) {
	logged := c.lastError
	c.lastError = ""
	if err == nil || ctx.Err() != nil {
		return
	}
	c.lastError = err.Error()
	if c.lastError != logged {
		c.Log.Error("certificate not renewed: the last valid one stays in use", "port", c.Port, "expires", c.current.Load().pair.Leaf.NotAfter, "error", err)
	}
}

// ServerConfig returns the server's TLS configuration. It follows renewals.
func (c *Certificates) ServerConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			current := c.current.Load()
			if current == nil {
				return nil, errors.New("there is no certificate yet")
			}
			return current.pair, nil
		},
	}
}

// ClientConfig returns the TLS configuration for a connection to another replica, whose
// certificate has the same names. Another connection may trust other authorities.
func (c *Certificates) ClientConfig() (*tls.Config, error) {
	current := c.current.Load()
	if current == nil {
		return nil, errors.New("there is no certificate yet")
	}
	o := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.serverName(current)}
	if len(current.bundle) == 0 {
		return o, nil // the system's roots
	}
	var err error
	o.RootCAs, err = certificate.Pool(current.bundle)
	return o, err
}

// serverName returns the Service's host name, or else a name of the certificate, which
// the other replica's certificate has too. Empty: its address.
func (c *Certificates) serverName(current *servingPair) string {
	leaf := current.pair.Leaf
	if host := route.ServiceHost(c.Service, c.Namespace); c.Service != "" && certificate.Covers(leaf, host) {
		return host
	}
	if c.TLS.Mode == config.TLSSecret && len(leaf.DNSNames) > 0 {
		return leaf.DNSNames[0]
	}
	return ""
}

// CABundle returns the name of the ConfigMap with the CA bundle, or nothing if clients
// trust the authority anyway.
func (c *Certificates) CABundle() string {
	if current := c.current.Load(); current == nil || len(current.bundle) == 0 {
		return ""
	}
	return c.bundle.name
}

// Covers reports whether the certificate is for a name or an address.
func (c *Certificates) Covers(host string) bool {
	current := c.current.Load()
	return current != nil && certificate.Covers(current.pair.Leaf, host)
}
