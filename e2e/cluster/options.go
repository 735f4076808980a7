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

// Options describe a cluster to start.
type Options struct {
	// Name tells clusters on one machine apart.
	Name string
	// Dir holds the cluster's files, and is removed with it. Default: below
	// the directory for temporary files.
	Dir string
	// LogDir, if set, receives the logs, and stays.
	LogDir string
	// Nodes is how many real nodes there are: node-1, node-2 ... With 0 there
	// is only a control plane, which needs no privileges.
	Nodes int
	// Simulated is how many nodes kwok simulates: kwok-00000, kwok-00001 ...
	Simulated int
	// FastJobs gives the Job controller 50 workers and 1000 requests a second
	// instead of 5 and 20.
	FastJobs bool
	// EtcdFsync makes etcd's writes durable, and slow.
	EtcdFsync bool
	// ExtraArgs appends to the command lines of programs, by program name.
	ExtraArgs map[string][]string
	// Detached clusters outlive the process that starts them.
	Detached bool
	// Log receives progress. Default: none.
	Log io.Writer
}

// DefaultOptions are three real nodes.
func DefaultOptions() Options {
	return Options{Name: "e2e", Nodes: 3}
}

// maxDir leaves room for nodes/node-1/containerd.sock.ttrpc in the 107
// characters that the kernel allows the path of a socket.
const maxDir = 68

// A name becomes part of cgroup paths and file names.
var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// Validate returns every fault of the options.
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
		errs = append(errs, errors.New("nodes: real nodes need root; with 0 there can still be simulated ones"))
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

// stateRoot is where clusters without a Dir of their own are.
func stateRoot() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("batch-job-controller-e2e-%d", os.Getuid()))
}
