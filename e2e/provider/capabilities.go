package provider

import "context"

// Cutter is a Provider that can take nodes off the network.
type Cutter interface {
	// CutOff cuts a node off. What runs on it runs on.
	CutOff(ctx context.Context, node string) error
	// Reconnect ends that. It is no error if the node was not cut off.
	Reconnect(ctx context.Context, node string) error
}

// Sharer is a Provider whose nodes share directories.
type Sharer interface {
	// SharedDir is a directory that every node sees at the same path. It is
	// made if it is not there.
	SharedDir(name string) (path string, err error)
}
