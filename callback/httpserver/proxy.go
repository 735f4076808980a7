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

// ForwardTLS returns how to reach another replica's port with TLS, for one
// connection: what is to be trusted may change.
type ForwardTLS func() (*tls.Config, error)

// Proxy passes requests on to another replica, which listens on the same port.
type Proxy struct {
	scheme     string
	port       string
	answerTime time.Duration // how long the client may take for the answer; 0: the writer sees to that
	transport  http.RoundTripper
	log        *slog.Logger
}

const (
	dialTimeout = 2 * time.Second
	// replyTimeout is longer than the leader has a request wait.
	replyTimeout   = 75 * time.Second
	maxIdleForward = 64
)

// NewProxy returns a proxy. With secure nil it speaks plain HTTP. An answer may
// take answerTime; with 0 the writer of the answer sees to that.
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
		DisableCompression:    true, // what comes is passed on as it is
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

// Pass passes a request on. If it returns an error, nothing was answered.
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

// ForwardedHeader marks a request that another replica has passed on. It is not
// passed on again: two replicas that take each other for the leader would
// never end.
const ForwardedHeader = "Batch-Job-Controller-Forwarded"

// ErrMisdirected is that another replica passed a request on to this one, which
// does not lead either. It is answered with 421; the other one then looks again.
var ErrMisdirected = errors.New("this replica is not the leader")

// errForTLS is that the other replica has a newer configuration, with TLS. This
// one will soon be started anew; until then nothing must be lost.
var errForTLS = errors.New("the other replica wants TLS")

// isForTLS recognizes the answer of net/http to plain HTTP on a port with TLS,
// the only one that comes in HTTP/1.0.
func isForTLS(answer *http.Response) bool {
	return answer.StatusCode == http.StatusBadRequest && !answer.ProtoAtLeast(1, 1)
}

// Forwarder passes on what only the leader has for sure, such as reports.
type Forwarder struct {
	elsewhere func() (host string)
	proxy     *Proxy
	log       *slog.Logger
}

// NewForwarder returns a forwarder to a port on which all replicas listen.
// Elsewhere finds the host of another replica that leads, or "" if there is
// none. With secure nil they speak plain HTTP.
func NewForwarder(elsewhere func() (host string), port string, secure ForwardTLS, log *slog.Logger) *Forwarder {
	return &Forwarder{elsewhere: elsewhere, proxy: NewProxy(port, secure, 0, log), log: log}
}

// Forward has another replica answer a request without a body, if another one
// leads. It returns false if nothing was answered.
func (f *Forwarder) Forward(w http.ResponseWriter, r *http.Request) (answered bool) {
	host := f.elsewhere()
	if host == "" || r.Header.Get(ForwardedHeader) != "" {
		return false
	}
	err := f.proxy.Pass(w, r, host)
	if err != nil {
		f.log.Debug("the leader does not answer", "host", host, "error", err)
	}
	return err == nil
}
