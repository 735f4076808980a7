package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/lock"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/supervisor"
)

// ErrNotRunning says that no cluster with a name is running.
var ErrNotRunning = errors.New("cluster is not running")

// Find returns a running cluster that another process may have started. An
// empty dir means the default for the name.
func Find(name, dir string) (*Cluster, error) {
	o, err := Options{Name: name, Dir: dir}.withDefaults()
	if err != nil {
		return nil, err
	}
	held, err := lock.Try(plan.LockFile(o.Dir))
	if err == nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrNotRunning, name), os.Remove(held.Name()), held.Close())
	}
	if !errors.Is(err, lock.ErrLocked) {
		return nil, err
	}
	spec, err := supervisor.ReadSpec(filepath.Join(o.Dir, plan.SpecFile))
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(spec.Path(plan.PIDFile))
	if err != nil {
		return nil, fmt.Errorf("find supervisor: %w", err)
	}
	pid, err := strconv.Atoi(string(data))
	if err != nil {
		return nil, fmt.Errorf("find supervisor: %w", err)
	}
	return &Cluster{spec: spec, control: newControl(spec.Path(plan.ControlFile)), pid: pid}, nil
}

// Remove stops a running cluster, or removes the remains of a crashed one.
func Remove(name, dir string) error {
	c, err := Find(name, dir)
	if err == nil {
		return c.Stop()
	}
	if !errors.Is(err, ErrNotRunning) {
		return err
	}
	o, err := Options{Name: name, Dir: dir}.withDefaults()
	if err != nil {
		return err
	}
	return removeLeftovers(plan.Spec{Name: name, Dir: o.Dir, LogDir: o.LogDir}, false)
}

// List returns the names of the running and crashed clusters in the default directory.
func List() ([]string, error) {
	entries, err := os.ReadDir(stateRoot())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list clusters: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && !strings.HasSuffix(entry.Name(), ".lock") {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}
