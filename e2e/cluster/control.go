package cluster

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/supervisor"
)

// control is a client of a supervisor's unix socket.
type control struct {
	socket string
	http   *http.Client
}

func newControl(socket string) *control {
	c := &control{socket: socket}
	c.http = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return c.connect(ctx) },
	}}
	return c
}

func (c *control) connect(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", c.socket)
}

// do sends a request, and returns an error for any response except success. The caller
// closes the body.
func (c *control) do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://supervisor"+path, body)
	if err != nil {
		return nil, fmt.Errorf("request to the supervisor: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("request to the supervisor: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		return nil, supervisorError(resp)
	}
	return resp, nil
}

func supervisorError(resp *http.Response) error {
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the supervisor's response: %w", err)
	}
	return errors.New(string(bytes.TrimSpace(text)))
}

func (c *control) post(ctx context.Context, path string) error {
	resp, err := c.do(ctx, http.MethodPost, path, nil)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// progress returns when the cluster is ready or has failed.
func (c *control) progress(ctx context.Context, report func(supervisor.Report)) error {
	resp, err := c.do(ctx, http.MethodGet, "/progress", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	decoder := json.NewDecoder(resp.Body)
	for {
		var r supervisor.Report
		if err := decoder.Decode(&r); err != nil {
			return fmt.Errorf("follow progress: %w", err)
		}
		if r.Error != "" {
			return errors.New(r.Error)
		}
		if r.Done {
			return nil
		}
		report(r)
	}
}

// dial connects to an address inside the cluster.
func (c *control) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("request to the supervisor: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	reader := bufio.NewReader(conn)
	resp, err := c.upgrade(ctx, conn, reader, address)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		err = supervisorError(resp)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dial %s in the cluster: %w", address, err), conn.Close())
	}
	return &bufferedConn{Conn: conn, reader: reader}, nil
}

func (c *control) upgrade(ctx context.Context, conn net.Conn, reader *bufio.Reader, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://supervisor/dial?address="+url.QueryEscape(address), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "tcp")
	if err := req.Write(conn); err != nil {
		return nil, err
	}
	return http.ReadResponse(reader, req)
}

// bufferedConn first reads the data that arrived together with the response's header.
type bufferedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (b *bufferedConn) Read(p []byte) (int, error) { return b.reader.Read(p) }

func (b *bufferedConn) CloseWrite() error { return b.Conn.(*net.UnixConn).CloseWrite() }
