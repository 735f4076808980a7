package plan

import (
	"fmt"
	"strings"
)

// Process is one process of the cluster. Netns is the name of its network namespace; empty:
// the supervisor's own.
type Process struct {
	Name  string
	Argv  []string
	Netns string
	// Retries is how often it is restarted if it ends by itself.
	Retries int
}

// kubeletRetries is for kubelets that start at the same time: the path of their socket for
// device plugins is fixed, and each kubelet removes the socket before it listens. A kubelet
// that still finds the path in use ends.
const kubeletRetries = 2

// The names of the control plane's processes. The names of a node's processes end with the
// node's name: kubelet-node-1.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kwok              = "kwok"
)

// Processes returns all processes, in the order in which they can be started.
func (s Spec) Processes() []Process {
	list := []Process{
		s.process(Etcd, s.etcd()),
		s.process(APIServer, s.apiServer()),
		s.process(ControllerManager, s.controllerManager()),
		s.process(Scheduler, s.scheduler()),
		s.process(Kwok, s.kwok()),
	}
	for _, n := range s.NodeList() {
		list = append(list,
			s.nodeProcess(n, "containerd", []string{"--config=" + n.Path("containerd.toml")}),
			s.nodeProcess(n, "kubelet", s.kubelet(n)),
			s.nodeProcess(n, "kube-proxy", []string{"--config=" + n.Path("kube-proxy.json"), "--v=1"}),
		)
	}
	return list
}

func (s Spec) process(program string, args []string) Process {
	return Process{Name: program, Argv: s.argv(program, args)}
}

func (s Spec) nodeProcess(n Node, program string, args []string) Process {
	p := Process{Name: program + "-" + n.Name, Argv: s.argv(program, args), Netns: n.Name}
	if program == "kubelet" {
		p.Retries = kubeletRetries
	}
	return p
}

func (s Spec) argv(program string, args []string) []string {
	argv := append([]string{s.Bin(program)}, args...)
	return append(argv, s.ExtraArgs[program]...)
}

func (s Spec) etcd() []string {
	client, peer := "http://"+s.EtcdAddress(), "http://"+s.etcdPeerAddress()
	args := []string{
		"--name=default",
		"--data-dir=" + s.Path("etcd"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
		"--log-level=warn",
		// The supervisor holds the ports open, so that no other process gets them.
		"--socket-reuse-port",
		// Scale tests need more than etcd's default of 2 GiB.
		"--quota-backend-bytes=8589934592",
	}
	if !s.EtcdFsync {
		args = append(args, "--unsafe-no-fsync")
	}
	return args
}

func (s Spec) apiServer() []string {
	args := []string{
		"--etcd-servers=http://" + s.EtcdAddress(),
		"--cert-dir=" + s.Path("pki"),
		"--tls-cert-file=" + s.Certificate("apiserver"),
		"--tls-private-key-file=" + s.Key("apiserver"),
		"--client-ca-file=" + s.Certificate("ca"),
		"--service-account-issuer=https://kubernetes.default.svc." + ClusterDomain,
		"--service-account-key-file=" + s.Certificate("service-account"),
		"--service-account-signing-key-file=" + s.Key("service-account"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--service-cluster-ip-range=" + serviceCIDR,
		"--allow-privileged=true",
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority=" + s.Certificate("ca"),
		"--kubelet-client-certificate=" + s.Certificate("kubelet-client"),
		"--kubelet-client-key=" + s.Key("kubelet-client"),
		"--v=1",
	}
	if s.Isolated() {
		return append(args,
			"--bind-address=0.0.0.0",
			"--secure-port=6443",
			"--advertise-address="+controlPlaneIP,
			"--endpoint-reconciler-type=lease",
		)
	}
	return append(args,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", s.APIPort),
		"--permit-port-sharing=true",
		"--advertise-address=127.0.0.1",
		// A loopback address is not a valid endpoint of a Service.
		"--endpoint-reconciler-type=none",
	)
}

func (s Spec) controllerManager() []string {
	args := []string{
		"--kubeconfig=" + s.ComponentKubeconfig(ControllerManager),
		"--service-account-private-key-file=" + s.Key("service-account"),
		"--root-ca-file=" + s.Certificate("ca"),
		"--leader-elect=false",
		"--secure-port=0",
		"--v=1",
	}
	if s.FastJobs {
		args = append(args, "--concurrent-job-syncs=50", "--kube-api-qps=1000", "--kube-api-burst=2000")
	}
	if s.Nodes == 0 {
		// Simulated nodes do not die, but their heartbeats come late on a busy machine.
		args = append(args, "--node-monitor-grace-period=10m")
	}
	return args
}

func (s Spec) scheduler() []string {
	args := []string{
		"--kubeconfig=" + s.ComponentKubeconfig(Scheduler),
		"--leader-elect=false",
		"--secure-port=0",
		"--v=1",
	}
	if s.FastJobs {
		args = append(args, "--kube-api-qps=1000", "--kube-api-burst=2000")
	}
	return args
}

func (s Spec) kwok() []string {
	return []string{
		"--kubeconfig=" + s.ComponentKubeconfig(Kwok),
		"--config=" + s.Path("kwok.yaml"),
		"--manage-nodes-with-label-selector=" + SimulatedSelector,
		"--node-lease-duration-seconds=40",
		"--cidr=10.99.0.1/16",
		"--node-ip=" + strings.Split(s.APIAddress(), ":")[0],
	}
}

func (s Spec) kubelet(n Node) []string {
	return []string{
		"--kubeconfig=" + n.Path("kubeconfig"),
		"--config=" + n.Path("kubelet.json"),
		"--hostname-override=" + n.Name,
		"--node-ip=" + n.IP,
		"--root-dir=" + n.Path("kubelet"),
		"--cert-dir=" + n.Path("kubelet-pki"),
		"--v=1",
	}
}
