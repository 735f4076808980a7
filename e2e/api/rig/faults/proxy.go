package faults

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Proxy is a proxy between a server under test and the API server, with faults. Other clients do
// not use it.
type Proxy struct {
	tb       testing.TB
	address  string
	reverse  *httputil.ReverseProxy
	requests atomic.Int64

	mu      sync.Mutex
	fault   Fault
	server  *http.Server
	watches map[*context.CancelFunc]bool
	lag     time.Duration
}

// Fault decides the fate of each request. It may be called concurrently.
type Fault func(*http.Request) Misbehaviour

// Misbehaviour is the fate of a request. The zero value is no fault.
type Misbehaviour struct {
	Status     int  // of the response instead of the API server's; 0: none
	RetryAfter int  // seconds, with a Status
	Committed  bool // the API server gets the request nevertheless
}

// NewProxy starts a proxy on a host of this machine, in front of the API server of access.
func NewProxy(tb testing.TB, access *rest.Config, host string) *Proxy {
	tb.Helper()
	target, err := url.Parse(access.Host)
	if err != nil {
		tb.Fatal(err)
	}
	transport, err := rest.TransportFor(access)
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{tb: tb, address: listener.Addr().String(), watches: map[*context.CancelFunc]bool{}}
	p.reverse = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	p.serve(listener)
	tb.Cleanup(p.Down)
	return p
}

// Kubeconfig returns the path of a kubeconfig for the proxy, with an administrator's rights.
func (p *Proxy) Kubeconfig() string {
	p.tb.Helper()
	path := filepath.Join(p.tb.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"proxy": {Server: "http://" + p.address}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"nobody": {}},
		Contexts:       map[string]*clientcmdapi.Context{"context": {Cluster: "proxy", AuthInfo: "nobody"}},
		CurrentContext: "context",
	}, path)
	if err != nil {
		p.tb.Fatal(err)
	}
	return path
}

// Misbehave sets the fault for all requests; nil: no fault.
func (p *Proxy) Misbehave(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Lag delays the events of watches that begin from now on.
func (p *Proxy) Lag(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lag = d
}

// CutWatches ends all watches.
func (p *Proxy) CutWatches() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for cancel := range p.watches {
		(*cancel)()
	}
}

// Requests returns the number of requests so far.
func (p *Proxy) Requests() int64 { return p.requests.Load() }

// Down closes all connections and rejects new ones until Up.
func (p *Proxy) Down() {
	p.mu.Lock()
	server := p.server
	p.mu.Unlock()
	_ = server.Close()
}

// Up ends the effect of Down.
func (p *Proxy) Up() {
	p.tb.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		p.tb.Fatal(err)
	}
	p.serve(listener)
}

func (p *Proxy) serve(listener net.Listener) {
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	p.mu.Lock()
	p.server = server
	p.mu.Unlock()
	go func() { _ = server.Serve(listener) }()
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.Add(1)
	p.mu.Lock()
	fault, lag := p.fault, p.lag
	p.mu.Unlock()
	var m Misbehaviour
	if fault != nil {
		m = fault(r)
	}
	switch {
	case m.Status != 0:
		if m.Committed {
			p.reverse.ServeHTTP(&discardedAnswer{header: http.Header{}}, r)
		}
		if m.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(m.RetryAfter))
		}
		http.Error(w, "the proxy misbehaves", m.Status)
	case r.URL.Query().Get("watch") == "true":
		p.watch(w, r, lag)
	default:
		p.reverse.ServeHTTP(w, r)
	}
}

func (p *Proxy) watch(w http.ResponseWriter, r *http.Request, lag time.Duration) {
	ctx, cancel := context.WithCancel(r.Context())
	p.mu.Lock()
	p.watches[&cancel] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.watches, &cancel)
		cancel()
	}()
	if lag == 0 {
		p.reverse.ServeHTTP(w, r.WithContext(ctx))
		return
	}
	slow := *p.reverse
	slow.ModifyResponse = func(answer *http.Response) error {
		answer.Body = newLaggingBody(ctx, answer.Body, lag)
		return nil
	}
	slow.ServeHTTP(w, r.WithContext(ctx))
}

// discardedAnswer is the writer of a lost response.
type discardedAnswer struct{ header http.Header }

func (d *discardedAnswer) Header() http.Header         { return d.header }
func (d *discardedAnswer) Write(p []byte) (int, error) { return len(p), nil }
func (d *discardedAnswer) WriteHeader(int)             {}

// newLaggingBody returns a body that delays all data.
func newLaggingBody(ctx context.Context, body io.ReadCloser, lag time.Duration) io.ReadCloser {
	type chunk struct {
		data []byte
		due  time.Time
	}
	chunks := make(chan chunk, 1<<12)
	reader, writer := io.Pipe()
	go func() {
		defer close(chunks)
		for {
			buffer := make([]byte, 32<<10)
			n, err := body.Read(buffer)
			select {
			case chunks <- chunk{buffer[:n], time.Now().Add(lag)}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	go func() {
		defer writer.Close()
		for c := range chunks {
			timer := time.NewTimer(time.Until(c.due))
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return
			}
			if _, err := writer.Write(c.data); err != nil {
				return
			}
		}
	}()
	return struct {
		io.Reader
		io.Closer
	}{reader, body}
}
