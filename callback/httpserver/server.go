package httpserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// The defaults of Options.
const (
	DefaultMaxConnections = 2048
	DefaultHeaderDeadline = 5 * time.Second
)

// Options are the options of a Server. The zero value is usable.
type Options struct {
	Log            *slog.Logger // nil: nothing is logged
	MaxConnections int          // further ones wait to be accepted; 0: DefaultMaxConnections
	// HeaderDeadline is how long the header of a request may take; 0:
	// DefaultHeaderDeadline.
	HeaderDeadline time.Duration
	// ObserveFull is called whenever the maximum of connections is reached.
	ObserveFull func()
	TLS         *tls.Config // nil: plain HTTP
}

// Server serves a handler on an address. The handler bounds the time of a body and of
// a response.
type Server struct {
	address  string
	options  Options
	server   *http.Server
	listener net.Listener
	full     atomic.Bool // it has been full
	done     chan struct{}
	err      error // of serving; valid once done is closed
}

// maxHeaderBytes is 16 KiB less the 4 KiB that net/http adds.
const maxHeaderBytes = 12 << 10

// New returns a server for an address such as ":8090". Without a handler it responds
// with 404: net/http would serve http.DefaultServeMux, on which any package may
// register private handlers, such as profiles.
func New(address string, h http.Handler, o Options) *Server {
	if h == nil {
		h = http.NotFoundHandler()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MaxConnections = cmp.Or(o.MaxConnections, DefaultMaxConnections)
	return &Server{
		address: address,
		options: o,
		server: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: cmp.Or(o.HeaderDeadline, DefaultHeaderDeadline),
			IdleTimeout:       60 * time.Second,
			MaxHeaderBytes:    maxHeaderBytes,
			TLSConfig:         o.TLS,
			Protocols:         withoutHTTP2(),
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		},
		done: make(chan struct{}),
	}
}

// Open listens, and serves in the background. It fails at once if the address is not
// available.
func (s *Server) Open(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.Serve(listener)
	return nil
}

// Serve serves the connections of a listener in the background.
func (s *Server) Serve(listener net.Listener) {
	s.listener = listener
	go func() {
		defer close(s.done)
		err := s.acceptFrom(newLimitListener(listener, s.options.MaxConnections, s.observeFull, s.observeEased))
		if !errors.Is(err, http.ErrServerClosed) {
			s.err = fmt.Errorf("server %s: %w", s.address, err)
		}
	}()
}

// observeFull disables keep-alive, and closes idle connections, which would block
// connections with requests. A late call is corrected by the next connection that
// opens or closes.
func (s *Server) observeFull() {
	s.server.SetKeepAlivesEnabled(false)
	log := s.options.Log.Debug
	if s.full.CompareAndSwap(false, true) { // warn once
		log = s.options.Log.Warn
	}
	log("connection limit reached: further connections wait", "address", s.address, "connections", s.options.MaxConnections)
	if s.options.ObserveFull != nil {
		s.options.ObserveFull()
	}
}

func (s *Server) observeEased() { s.server.SetKeepAlivesEnabled(true) }

func (s *Server) acceptFrom(listener net.Listener) error {
	if s.options.TLS == nil {
		return s.server.Serve(listener)
	}
	return s.server.ServeTLS(listener, "", "") // TLS has the certificate
}

// withoutHTTP2 leaves HTTP/1.0 and HTTP/1.1. TLS would enable HTTP/2, but the limits of a
// connection assume one request at a time.
func withoutHTTP2() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	return &p
}

// Addr returns the listener's address, or "" before Open.
func (s *Server) Addr() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Done is closed when serving has ended: after Close, or after an error, which Close
// then returns.
func (s *Server) Done() <-chan struct{} { return s.done }

// Close stops listening and waits for requests in progress until ctx ends. Then it
// closes their connections.
func (s *Server) Close(ctx context.Context) error {
	if s.listener == nil {
		return nil
	}
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("server %s: %w", s.address, err), s.server.Close())
	}
	<-s.done
	return errors.Join(err, s.err)
}
