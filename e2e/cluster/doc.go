// Package cluster starts a real Kubernetes cluster on this machine, without Docker: etcd,
// the control plane, any number of real nodes (each with a containerd, a kubelet and a
// kube-proxy in a network namespace of its own), and nodes that kwok simulates. All
// programs are built from Go modules.
//
//	c, err := cluster.Start(ctx, cluster.DefaultOptions())
//	if err != nil { ... }
//	defer c.Stop()
//	// c.Kubeconfig() is the kubeconfig of an administrator.
//
// Real nodes need root on Linux. With Options.Nodes 0, a cluster has only a control plane
// and simulated nodes, needs no privileges, and starts in seconds.
//
// A cluster cannot leak processes. All of them descend from one supervisor. When it dies
// for any reason, the kernel ends them and removes their mounts and network namespaces. The
// supervisor ends with the process that called Start, unless Options.Detached is set. Only
// a directory and empty cgroups can remain; Stop, or the next Start with the same name,
// removes them.
//
// Package internal/programs provides its programs, internal/plan computes what they are told, and
// internal/supervisor runs them.
package cluster
