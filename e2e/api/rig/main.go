package rig

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

// Main is the body of a TestMain: it runs the tests on a cluster that they
// find in shared, and takes it down again, also when it is interrupted.
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

// removeLeftovers removes what tests have left that were killed.
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
			continue // somebody uses it
		}
		if err := cluster.Remove(name, ""); err != nil {
			return fmt.Errorf("remove what is left of cluster %s: %w", name, err)
		}
	}
	return nil
}
