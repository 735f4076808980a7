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
//	options.go    what a cluster has
//	start.go      starts one, with supervise.go: its supervisor
//	cluster.go    Cluster: a running one; its methods kill, stop, pause and start processes, and
//	              cut nodes off: the faults of tests
//	find.go       finds one that runs already
//	control.go    the requests to its supervisor, by a socket (sockets.go)
//	simulated.go  nodes that kwok simulates
//	images.go     loads images into the nodes
//	stop.go       what is left of one is removed
//
// Package internal/programs provides its programs, internal/plan computes what they are told, and
// internal/supervisor runs them.
package cluster
