package httpserver

import (
	"errors"
	"net"
	"sync"
)

// limitListener bounds the open connections; further ones wait in the kernel. The
// listener of golang.org/x/net/netutil hides CloseWrite, without which net/http resets
// the connection after a response to an upload that it has not read.
type limitListener struct {
	net.Listener
	slots  chan struct{}
	full   func() // called when there is no free slot
	eased  func() // called for each connection that ends while half of the slots are free
	closed chan struct{}
	close  func()
}

func newLimitListener(l net.Listener, n int, full, eased func()) *limitListener {
	closed := make(chan struct{})
	return &limitListener{
		Listener: l,
		slots:    make(chan struct{}, n),
		full:     full,
		eased:    eased,
		closed:   closed,
		close:    sync.OnceFunc(func() { close(closed) }),
	}
}

func (l *limitListener) Accept() (net.Conn, error) {
	if err := l.enter(); err != nil {
		return nil, err
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitConn{Conn: conn, leave: sync.OnceFunc(l.leave)}, nil
}

func (l *limitListener) leave() {
	<-l.slots
	if len(l.slots) <= cap(l.slots)/2 {
		l.eased()
	}
}

// enter waits for a slot.
func (l *limitListener) enter() error {
	select {
	case l.slots <- struct{}{}:
		return nil
	default:
		l.full()
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-l.closed:
		return net.ErrClosed
	}
}

func (l *limitListener) Close() error {
	l.close()
	return l.Listener.Close()
}

type limitConn struct {
	net.Conn
	leave func()
}

func (c *limitConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite tells the client that the response is complete.
func (c *limitConn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
