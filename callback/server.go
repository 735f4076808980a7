package callback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ServerOptions is what a Server can do without. The zero value is of use.
type ServerOptions struct {
	Log            *slog.Logger // nil: nothing is logged
	MaxConnections int          // further ones wait to be accepted; 0: 2048
}

// Server serves one handler on one address. How long a body or an answer may
// take is up to the handler.
type Server struct {
	address  string
	options  ServerOptions
	server   *http.Server
	listener net.Listener
	done     chan struct{}
	err      error // of serving; to be read when done is closed
}

// maxHeaderBytes makes 16 KiB together with the 4 KiB that net/http adds.
const maxHeaderBytes = 12 << 10

// NewServer returns a server for an address such as ":8090".
func NewServer(address string, h http.Handler, o ServerOptions) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MaxConnections = cmp.Or(o.MaxConnections, 2048)
	return &Server{
		address: address,
		options: o,
		server: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: 5 * time.Second,
			IdleTimeout:       60 * time.Second,
			MaxHeaderBytes:    maxHeaderBytes,
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
	s.serve(listener)
	return nil
}

func (s *Server) serve(listener net.Listener) {
	s.listener = listener
	go func() {
		defer close(s.done)
		err := s.server.Serve(newLimitListener(listener, s.options.MaxConnections))
		if !errors.Is(err, http.ErrServerClosed) {
			s.err = fmt.Errorf("server %s: %w", s.address, err)
		}
	}()
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
