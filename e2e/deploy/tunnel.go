package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/klog/v2"
)

// The ports of the controller's pod.
const (
	ReportPort   = 8080
	CallbackPort = 8090
	HealthPort   = 9152
	MetricsPort  = 9153
)

func ports() []int { return []int{ReportPort, CallbackPort, HealthPort, MetricsPort} }

// tunnel forwards to the ports of one pod at a time, through the API server. If there is
// another pod, or if the connection has ended, the next Dial opens another connection.
type tunnel struct {
	cluster   *Cluster
	namespace string
	pod       func(context.Context) (name string, err error)

	mu   sync.Mutex
	open *forwarding
}

// forwarding is an open connection to a pod.
type forwarding struct {
	pod   string
	local map[int]string // addresses by the pod's port
	stop  context.CancelFunc
	ended chan struct{}
}

// Dial connects to a port of the pod.
func (t *tunnel) Dial(ctx context.Context, port int) (net.Conn, error) {
	f, err := t.hold(ctx)
	if err != nil {
		return nil, err
	}
	address, ok := f.local[port]
	if !ok {
		return nil, fmt.Errorf("port %d is not forwarded", port)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

// hold returns an open forwarding.
func (t *tunnel) hold(ctx context.Context) (*forwarding, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pod, err := t.pod(ctx)
	if err != nil {
		return nil, err
	}
	if t.open != nil {
		select {
		case <-t.open.ended:
		default:
			if t.open.pod == pod {
				return t.open, nil
			}
			t.open.stop() // the connection would outlive its pod
		}
		t.open = nil
	}
	f, err := t.cluster.forward(ctx, t.namespace, pod, ports())
	if err != nil {
		return nil, fmt.Errorf("forward to pod %s: %w", pod, err)
	}
	t.open = f
	return f, nil
}

// Close ends the connections.
func (t *tunnel) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open != nil {
		t.open.stop()
		<-t.open.ended
		t.open = nil
	}
}

// forward forwards local ports to those of a pod. The forwarding outlives ctx.
func (c *Cluster) forward(ctx context.Context, namespace, pod string, remote []int) (*forwarding, error) {
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return nil, err
	}
	url := c.CoreV1().RESTClient().Post().
		Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	var pairs []string
	for _, port := range remote {
		pairs = append(pairs, "0:"+strconv.Itoa(port))
	}
	// The caller of Dial gets the error of a refused connection: it is not logged.
	running, stop := context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), klog.Logger{}))
	ready := make(chan struct{})
	forwarder, err := portforward.NewOnAddressesWithContext(running, dialer, []string{"127.0.0.1"}, pairs, ready, io.Discard, io.Discard)
	if err != nil {
		stop()
		return nil, err
	}
	f := &forwarding{pod: pod, local: map[int]string{}, stop: stop, ended: make(chan struct{})}
	failed := make(chan error, 1)
	go func() {
		defer close(f.ended)
		defer stop()
		failed <- forwarder.ForwardPorts()
	}()
	select {
	case <-ready:
	case err := <-failed:
		return nil, errors.Join(errors.New("the connection ended"), err)
	case <-ctx.Done():
		stop()
		return nil, context.Cause(ctx)
	}
	opened, err := forwarder.GetPorts()
	if err != nil {
		stop()
		return nil, err
	}
	for _, port := range opened {
		f.local[int(port.Remote)] = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port.Local)))
	}
	return f, nil
}

// client returns an HTTP client for URLs such as http://controller:8080/. The host is
// ignored, and the port is the pod's.
func (t *tunnel) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // a connection must not be reused for another pod
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			number, err := strconv.Atoi(port)
			if err != nil {
				return nil, err
			}
			return t.Dial(ctx, number)
		},
	}}
}
