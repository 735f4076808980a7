package provider

import "context"

// Cutter is a Provider that can disconnect nodes from the network.
type Cutter interface {
	// CutOff disconnects a node. Its pods continue to run.
	CutOff(ctx context.Context, node string) error
	// Reconnect reconnects a node. It is not an error if the node is connected.
	Reconnect(ctx context.Context, node string) error
}

// Sharer is a Provider whose nodes share directories.
type Sharer interface {
	// SharedDir returns a directory that every node has at the same path. It creates the
	// directory if necessary.
	SharedDir(name string) (path string, err error)
}
