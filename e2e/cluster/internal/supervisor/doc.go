// Package supervisor is the process from which all other processes of a cluster descend.
//
// A cluster with real nodes has two supervisors. Init is the first process of a PID, mount
// and network namespace: it prepares the mounts, starts Run and reaps orphans. The end of
// either of them, even by kill -9, ends the PID namespace, and with it all processes, mounts
// and network namespaces of the cluster. A cluster without real nodes needs no privileges:
// it has only Run, and the kernel kills its children when it dies.
//
// The supervisor inherits the lock and the ports as open files (see the Fd constants) from
// the process that starts the cluster, so that no other process can take them in between.
package supervisor

// The file descriptors that a supervisor inherits.
const (
	FdLock    = 3 // lock on the cluster's name, held while the supervisor runs
	FdControl = 4 // listening unix socket for control requests
	FdHost    = 5 // listening TCP socket of the host for the API server, or the first reserved port
)
