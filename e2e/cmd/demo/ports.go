package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// forwarded are the addresses on this machine.
type forwarded struct {
	reports, metrics string
}

// Addresses that are easy to remember, used if they are free.
const (
	reportAddress  = "127.0.0.1:18080"
	metricsAddress = "127.0.0.1:19153"
)

// openPorts starts a process that forwards the ports while the cluster runs, unless the
// process of an earlier demo still does.
func (d *demonstration) openPorts(ctx context.Context, _ io.Writer) error {
	d.ports = forwarded{"http://" + reportAddress, "http://" + metricsAddress}
	if d.isServed(ctx) == nil {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, forwardWord, d.provider.Kubeconfig(), d.controller.Namespace, d.controller.Deployment)
	detach(cmd)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the forwarder ended: %w", errors.Join(err, cmd.Wait()))
	}
	if _, err := fmt.Sscan(line, &d.ports.reports, &d.ports.metrics); err != nil {
		return fmt.Errorf("the forwarder printed %q: %w", line, err)
	}
	return errors.Join(cmd.Process.Release(), d.isServed(ctx))
}

// isServed returns an error unless the ports serve the report of the execution.
func (d *demonstration) isServed(ctx context.Context) error {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var there struct{ ID string }
	body, err := get(ctx, fmt.Sprintf("%s/%s/execution.json", d.ports.reports, d.report.ID))
	if err == nil {
		err = json.Unmarshal(body, &there)
	}
	if err != nil || there.ID != string(d.report.ID) {
		return errors.Join(errors.New("the report is not served"), err)
	}
	_, err = get(ctx, d.ports.metrics+"/metrics")
	return err
}

func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read to its end, or the error is returned
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}
