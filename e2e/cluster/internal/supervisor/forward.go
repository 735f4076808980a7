package supervisor

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
)

// forward forwards every connection of the host's listener to an address in the cluster.
func forward(listener net.Listener, address string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			target, err := net.DialTimeout("tcp", address, lookupTimeout)
			if err != nil {
				return
			}
			Join(conn, target)
		}()
	}
}

// Join copies in both directions until both sides have sent everything, and closes both.
func Join(a, b net.Conn) {
	defer a.Close()
	defer b.Close()
	done := make(chan struct{}, 2)
	oneWay := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		} else {
			_ = to.Close()
		}
		done <- struct{}{}
	}
	go oneWay(a, b)
	go oneWay(b, a)
	<-done
	<-done
}

// dial connects to host:port in the cluster. host is an address, or the DNS name of a
// Service with or without the cluster's domain.
func (s *supervisor) dial(ctx context.Context, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	if names := s.names.Load(); names != nil && net.ParseIP(host) == nil {
		name := strings.TrimSuffix(strings.TrimSuffix(host, "."+plan.ClusterDomain), ".svc")
		addresses, err := names.lookup(ctx, name+".svc."+plan.ClusterDomain)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", host, err)
		}
		if len(addresses) == 0 {
			return nil, fmt.Errorf("look up %s: the Service has no endpoints", host)
		}
		host = addresses[0].String()
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
}
