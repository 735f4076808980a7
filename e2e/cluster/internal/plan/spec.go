package plan

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

// Spec is what the process that starts a cluster tells its supervisor.
type Spec struct {
	Name     string `json:"name"`
	Dir      string `json:"dir"`
	LogDir   string `json:"logDir"`
	BinDir   string `json:"binDir"`
	CNIDir   string `json:"cniDir,omitempty"`
	RuncPath string `json:"runcPath,omitempty"`

	// Nodes is the number of real nodes. Without any, the control plane runs
	// on loopback ports and needs no privileges.
	Nodes     int  `json:"nodes"`
	Simulated bool `json:"simulated"`

	// APIPort is where the host reaches the API server on 127.0.0.1. The two
	// etcd ports are only set when there are no real nodes.
	APIPort      int `json:"apiPort"`
	EtcdPort     int `json:"etcdPort,omitempty"`
	EtcdPeerPort int `json:"etcdPeerPort,omitempty"`

	FastJobs  bool                `json:"fastJobs"`
	EtcdFsync bool                `json:"etcdFsync"`
	ExtraArgs map[string][]string `json:"extraArgs,omitempty"`
	Images    []string            `json:"images,omitempty"`

	// Detached clusters outlive the process that started them.
	Detached bool `json:"detached"`
}

// Files every cluster has in its directory.
const (
	SpecFile    = "spec.json"
	ControlFile = "control.sock"
	PIDFile     = "supervisor.pid"
)

// Isolated says whether the cluster has namespaces of its own.
func (s Spec) Isolated() bool { return s.Nodes > 0 }

// Path joins elements to the cluster's directory.
func (s Spec) Path(elem ...string) string {
	return filepath.Join(append([]string{s.Dir}, elem...)...)
}

// Log is the log file of a process.
func (s Spec) Log(process string) string {
	return filepath.Join(s.LogDir, process+".log")
}

// Bin is the path of a program.
func (s Spec) Bin(program string) string { return filepath.Join(s.BinDir, program) }

// Kubeconfig is the administrator's, usable from the host.
func (s Spec) Kubeconfig() string { return s.Path("kubeconfig") }

// HostURL is the API server as the host sees it.
func (s Spec) HostURL() string { return fmt.Sprintf("https://127.0.0.1:%d", s.APIPort) }

// APIAddress is the API server as the cluster's own processes see it.
func (s Spec) APIAddress() string {
	if s.Isolated() {
		return net.JoinHostPort(controlPlaneIP, "6443")
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.APIPort))
}

// EtcdAddress is where etcd serves its clients.
func (s Spec) EtcdAddress() string {
	if s.Isolated() {
		return "127.0.0.1:2379"
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.EtcdPort))
}

func (s Spec) etcdPeerAddress() string {
	if s.Isolated() {
		return "127.0.0.1:2380"
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.EtcdPeerPort))
}

// CgroupRoot is the cgroup, below each hierarchy's root, of all containers.
func (s Spec) CgroupRoot() string { return "/batch-job-controller-e2e/" + s.Name }

// NodeCgroup is the cgroup of the containers of one node.
func (s Spec) NodeCgroup(n Node) string { return s.CgroupRoot() + "/" + n.Name }

// LockFile is locked for as long as the cluster that owns the directory lives.
// It is not in the directory, so that it can be held while that is removed.
func LockFile(dir string) string { return dir + ".lock" }
