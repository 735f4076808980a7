package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

// Main is the body of a TestMain: it starts the cluster in shared, runs the tests, and stops the
// cluster, also after an interrupt.
func Main(m *testing.M, name string, shared **Cluster) (status int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := removeLeftovers(name + "-")
	if err == nil {
		*shared, err = Open(ctx, fmt.Sprintf("%s-%d", name, os.Getpid()), os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	notAnyMore := context.AfterFunc(ctx, func() {
		if err := (*shared).Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	})
	status = m.Run()
	notAnyMore()
	if err := (*shared).Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// removeLeftovers removes the clusters of killed tests.
func removeLeftovers(prefix string) error {
	names, err := cluster.List()
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if _, err := cluster.Find(name, ""); !errors.Is(err, cluster.ErrNotRunning) {
			continue // another process uses it
		}
		if err := cluster.Remove(name, ""); err != nil {
			return fmt.Errorf("remove the remains of cluster %s: %w", name, err)
		}
	}
	return nil
}
