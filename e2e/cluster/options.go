package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
)

// Options are the options of a cluster.
type Options struct {
	// Name distinguishes the clusters on one machine.
	Name string
	// Dir is the directory of the cluster's files, and is removed with it. Default: below
	// the directory for temporary files.
	Dir string
	// LogDir, if set, is a directory for the logs, which is kept.
	LogDir string
	// Nodes is the number of real nodes: node-1, node-2 ... With 0, the cluster has no real
	// nodes and needs no privileges.
	Nodes int
	// Simulated is the number of nodes that kwok simulates: kwok-00000, kwok-00001 ...
	Simulated int
	// FastJobs gives the Job controller 50 workers and 1000 requests a second
	// instead of 5 and 20.
	FastJobs bool
	// EtcdFsync makes the writes of etcd durable, and slow.
	EtcdFsync bool
	// ExtraArgs appends to the command lines of programs, by program name.
	ExtraArgs map[string][]string
	// Detached: the cluster outlives the process that starts it.
	Detached bool
	// Log receives the progress. Default: none.
	Log io.Writer
}

// DefaultOptions returns options with three real nodes.
func DefaultOptions() Options {
	return Options{Name: "e2e", Nodes: 3}
}

// maxDir leaves space for nodes/node-1/containerd.sock.ttrpc in the path of a socket, which
// the kernel limits to 107 characters.
const maxDir = 68

// A name becomes part of cgroup paths and file names.
var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// Validate returns all errors of the options.
func (o Options) Validate() error {
	var errs []error
	if !namePattern.MatchString(o.Name) {
		errs = append(errs, fmt.Errorf("name: %q is not a DNS label of at most 32 characters", o.Name))
	}
	if o.Nodes < 0 || o.Nodes > plan.MaxNodes {
		errs = append(errs, fmt.Errorf("nodes: %d is not between 0 and %d", o.Nodes, plan.MaxNodes))
	}
	if o.Simulated < 0 {
		errs = append(errs, fmt.Errorf("simulated: %d is negative", o.Simulated))
	}
	if o.Nodes > 0 && os.Geteuid() != 0 {
		errs = append(errs, errors.New("nodes: real nodes need root: must be 0, with simulated nodes instead"))
	}
	return errors.Join(errs...)
}

func (o Options) withDefaults() (Options, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Dir == "" {
		o.Dir = filepath.Join(stateRoot(), o.Name)
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return o, fmt.Errorf("dir: %w", err)
	}
	if len(o.Dir) > maxDir {
		return o, fmt.Errorf("dir: %s is too long for the sockets in it: more than %d characters", o.Dir, maxDir)
	}
	if o.LogDir == "" {
		o.LogDir = filepath.Join(o.Dir, "logs")
		return o, nil
	}
	if o.LogDir, err = filepath.Abs(o.LogDir); err != nil {
		return o, fmt.Errorf("log dir: %w", err)
	}
	return o, nil
}

// stateRoot returns the parent directory of clusters without a Dir of their own.
func stateRoot() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("batch-job-controller-e2e-%d", os.Getuid()))
}
