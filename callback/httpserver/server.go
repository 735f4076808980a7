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

// Options is what a Server can do without. The zero value is of use.
type Options struct {
	Log            *slog.Logger // nil: nothing is logged
	MaxConnections int          // further ones wait to be accepted; 0: 2048
	// HeaderDeadline is how long the header of a request may take; 0: 5 s.
	HeaderDeadline time.Duration
	// ObserveFull is told each time that there are as many connections as there
	// may be.
	ObserveFull func()
	TLS         *tls.Config // nil: plain HTTP
}

// Server serves one handler on one address. How long a body or an answer may
// take is up to the handler.
type Server struct {
	address  string
	options  Options
	server   *http.Server
	listener net.Listener
	full     atomic.Bool // it was, once
	done     chan struct{}
	err      error // of serving; to be read when done is closed
}

// maxHeaderBytes makes 16 KiB together with the 4 KiB that net/http adds.
const maxHeaderBytes = 12 << 10

// New returns a server for an address such as ":8090". Without a handler it
// answers 404: net/http would serve http.DefaultServeMux, on which any package
// may register what is not for everyone, such as profiles.
func New(address string, h http.Handler, o Options) *Server {
	if h == nil {
		h = http.NotFoundHandler()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MaxConnections = cmp.Or(o.MaxConnections, 2048)
	return &Server{
		address: address,
		options: o,
		server: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: cmp.Or(o.HeaderDeadline, 5*time.Second),
			IdleTimeout:       60 * time.Second,
			MaxHeaderBytes:    maxHeaderBytes,
			TLSConfig:         o.TLS,
			Protocols:         onlyHTTP1(),
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		},
		done: make(chan struct{}),
	}
}

// Open listens, and serves from then on in the background. An address that
// cannot be had is an error at once.
func (s *Server) Open(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.Serve(listener)
	return nil
}

// Serve serves in the background what a listener accepts.
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

// observeFull ends keep-alive, and with it the connections that wait for their
// next request: they would keep out connections that have one. A call that comes
// late is corrected by the next connection that comes or goes.
func (s *Server) observeFull() {
	s.server.SetKeepAlivesEnabled(false)
	log := s.options.Log.Debug
	if s.full.CompareAndSwap(false, true) { // it is worth one warning
		log = s.options.Log.Warn
	}
	log("as many connections as may be: further ones wait", "address", s.address, "connections", s.options.MaxConnections)
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

// onlyHTTP1 leaves out HTTP/2, which TLS would bring with it: what a connection
// may do is bounded for one request at a time.
func onlyHTTP1() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	return &p
}

// Addr returns the address that is listened on, or "" before Open.
func (s *Server) Addr() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Done is closed when nothing is served any more: after Close, or when serving
// failed, which Close then tells.
func (s *Server) Done() <-chan struct{} { return s.done }

// Close stops listening and waits for the requests under way. Those that are
// not done when ctx ends are cut off.
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
