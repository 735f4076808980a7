// Package cluster starts a real Kubernetes on this machine, without docker:
// etcd, the control plane, and any number of real nodes (each a containerd, a
// kubelet and a kube-proxy in a network namespace of its own) and simulated
// ones (kwok). Everything is built from Go modules.
//
//	c, err := cluster.Start(ctx, cluster.DefaultOptions())
//	if err != nil { ... }
//	defer c.Stop()
//	// c.Kubeconfig() is an administrator's.
//
// Real nodes need root on Linux. With Options.Nodes 0 there is a control plane
// and simulated nodes only, which needs no privileges and starts in seconds.
//
// A cluster cannot leak. All its processes descend from one supervisor, and
// when that dies, of whatever, the kernel ends them and removes their mounts
// and network namespaces. The supervisor dies with the process that called
// Start, unless Options.Detached is set. What can remain are a directory and
// empty cgroups; the next Start of the name, or Stop, removes them.
package cluster
