package plan

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

// Spec is the specification of a cluster: the process that starts it writes it for the
// supervisor.
type Spec struct {
	Name     string `json:"name"`
	Dir      string `json:"dir"`
	LogDir   string `json:"logDir"`
	BinDir   string `json:"binDir"`
	CNIDir   string `json:"cniDir,omitempty"`
	RuncPath string `json:"runcPath,omitempty"`

	// Nodes is the number of real nodes. With 0, the control plane runs on loopback ports
	// and needs no privileges.
	Nodes     int  `json:"nodes"`
	Simulated bool `json:"simulated"`

	// APIPort is the port of the API server on 127.0.0.1 of the host. The two etcd ports
	// are set only without real nodes.
	APIPort      int `json:"apiPort"`
	EtcdPort     int `json:"etcdPort,omitempty"`
	EtcdPeerPort int `json:"etcdPeerPort,omitempty"`

	FastJobs  bool                `json:"fastJobs"`
	EtcdFsync bool                `json:"etcdFsync"`
	ExtraArgs map[string][]string `json:"extraArgs,omitempty"`
	Images    []string            `json:"images,omitempty"`

	// Detached: the cluster outlives the process that started it.
	Detached bool `json:"detached"`
}

// Files that every cluster has in its directory.
const (
	SpecFile    = "spec.json"
	ControlFile = "control.sock"
	PIDFile     = "supervisor.pid"
)

// Isolated reports whether the cluster has namespaces of its own.
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

// Kubeconfig is the administrator's kubeconfig, for use on the host.
func (s Spec) Kubeconfig() string { return s.Path("kubeconfig") }

// HostURL is the URL of the API server on the host.
func (s Spec) HostURL() string { return fmt.Sprintf("https://127.0.0.1:%d", s.APIPort) }

// APIAddress is the address of the API server for the cluster's own processes.
func (s Spec) APIAddress() string {
	if s.Isolated() {
		return net.JoinHostPort(controlPlaneIP, "6443")
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.APIPort))
}

// EtcdAddress is the address of etcd for clients.
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

// LockFile is locked while the cluster with the directory runs. It is outside the directory,
// so that the lock can be held while the directory is removed.
func LockFile(dir string) string { return dir + ".lock" }
