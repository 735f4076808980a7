// Package supervisor is the process that all others of a cluster descend from.
//
// A cluster with real nodes has two of it. Init is the first process of a PID,
// mount and network namespace: it prepares the mounts, starts Run and reaps
// orphans. Whatever ends either of them, a kill -9 included, ends the PID
// namespace, and with it the kernel ends every process, mount and network
// namespace of the cluster. A cluster without real nodes needs no privileges:
// there Run stands alone and the kernel kills its children when it dies.
//
// The process that starts a cluster hands over open files (see the Fd
// constants), so nothing is raced for: neither the lock nor a port.
package supervisor

// Numbers of the files that a supervisor inherits.
const (
	FdLock    = 3 // flock on the cluster's name, held for as long as it lives
	FdControl = 4 // listening unix socket for control requests
	FdHost    = 5 // listening TCP socket of the host for the API server, or the first reserved port
)
