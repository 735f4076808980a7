package deploy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Dial connects to a port of the controller's pod.
func (c *Controller) Dial(ctx context.Context, port int) (net.Conn, error) {
	return c.tunnel.Dial(ctx, port)
}

// Do sends a request to a port of the controller.
func (c *Controller) Do(ctx context.Context, method string, port int, path string, body []byte) (*http.Response, []byte, error) {
	url := fmt.Sprintf("http://controller:%d%s", port, path)
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read completely, or the error is returned
	data, err := io.ReadAll(response.Body)
	return response, data, err
}

// Get returns the response to GET of a path.
func (c *Controller) Get(ctx context.Context, port int, path string) ([]byte, error) {
	response, body, err := c.Do(ctx, http.MethodGet, port, path, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s of port %d: %s: %s", path, port, response.Status, bytes.TrimSpace(body))
	}
	return body, nil
}

// Report returns a file of an execution's report. The execution may be
// "latest".
func (c *Controller) Report(ctx context.Context, id execution.ID, file string) ([]byte, error) {
	return c.Get(ctx, ReportPort, "/"+string(id)+"/"+file)
}
