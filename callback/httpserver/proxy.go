package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// ForwardTLS returns the TLS configuration for a connection to another replica. It is
// called for each connection, because the trusted certificates may change.
type ForwardTLS func() (*tls.Config, error)

// Proxy forwards requests to another replica, which listens on the same port.
type Proxy struct {
	scheme     string
	port       string
	answerTime time.Duration // how long the client may take to read the response; 0: the writer bounds it
	transport  http.RoundTripper
	log        *slog.Logger
}

const (
	dialTimeout = 2 * time.Second
	// replyTimeout is longer than a request may wait on the leader.
	replyTimeout   = 75 * time.Second
	maxIdleForward = 64
)

// NewProxy returns a proxy. If secure is nil, it uses plain HTTP. The client may take
// answerTime to read the response; 0: the writer bounds it.
func NewProxy(port string, secure ForwardTLS, answerTime time.Duration, log *slog.Logger) *Proxy {
	scheme := "http"
	if secure != nil {
		scheme = "https"
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &Proxy{scheme: scheme, port: port, answerTime: answerTime, log: log, transport: &http.Transport{
		DialContext: dialer.DialContext,
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialTLS(ctx, dialer, secure, network, address)
		},
		MaxIdleConnsPerHost:   maxIdleForward,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: replyTimeout,
		DisableCompression:    true, // responses are forwarded unchanged
	}}
}

func dialTLS(ctx context.Context, dialer *net.Dialer, secure ForwardTLS, network, address string) (net.Conn, error) {
	how, err := secure()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*dialTimeout) // the handshake too
	defer cancel()
	return (&tls.Dialer{NetDialer: dialer, Config: how}).DialContext(ctx, network, address)
}

// Pass forwards a request. If it returns an error, no response was written.
func (p *Proxy) Pass(w http.ResponseWriter, r *http.Request, host string) error {
	target := &url.URL{Scheme: p.scheme, Host: net.JoinHostPort(host, p.port)}
	var failed error
	reverse := httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out.Header.Set(ForwardedHeader, "true")
		},
		Transport: p.transport,
		ModifyResponse: func(answer *http.Response) error {
			if answer.StatusCode == http.StatusMisdirectedRequest {
				return ErrMisdirected
			}
			if p.scheme == "http" && isForTLS(answer) {
				return errForTLS
			}
			if p.answerTime > 0 { // a writer without a connection has no deadline
				_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(p.answerTime))
			}
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
		ErrorLog:     slog.NewLogLogger(p.log.Handler(), slog.LevelWarn),
	}
	reverse.ServeHTTP(w, r)
	return failed
}

// ForwardedHeader marks a forwarded request. It is not forwarded again: otherwise two
// replicas that take each other for the leader would create a loop.
const ForwardedHeader = "Batch-Job-Controller-Forwarded"

// ErrMisdirected says that another replica forwarded a request to this one, which is
// not the leader either. The response is 421; the other replica then looks up the
// leader again.
var ErrMisdirected = errors.New("this replica is not the leader")

// errForTLS says that the other replica has a newer configuration, with TLS. This
// replica will restart soon; until then no request must be lost.
var errForTLS = errors.New("the other replica requires TLS")

// isForTLS recognizes net/http's response to plain HTTP on a port with TLS, which is
// the only response in HTTP/1.0.
func isForTLS(answer *http.Response) bool {
	return answer.StatusCode == http.StatusBadRequest && !answer.ProtoAtLeast(1, 1)
}

// Forwarder forwards requests for what only the leader is sure to have, such as
// reports.
type Forwarder struct {
	elsewhere func() (host string)
	proxy     *Proxy
	log       *slog.Logger
}

// NewForwarder returns a forwarder to a port on which all replicas listen. elsewhere
// returns the host of the leader if it is another replica, or "". If secure is nil,
// the replicas use plain HTTP.
func NewForwarder(elsewhere func() (host string), port string, secure ForwardTLS, log *slog.Logger) *Forwarder {
	return &Forwarder{elsewhere: elsewhere, proxy: NewProxy(port, secure, 0, log), log: log}
}

// Forward forwards a request without a body if another replica is the leader. It
// returns false if no response was written.
func (f *Forwarder) Forward(w http.ResponseWriter, r *http.Request) (answered bool) {
	host := f.elsewhere()
	if host == "" || r.Header.Get(ForwardedHeader) != "" {
		return false
	}
	err := f.proxy.Pass(w, r, host)
	if err != nil {
		f.log.Debug("the leader does not respond", "host", host, "error", err)
	}
	return err == nil
}
