package provider

import (
	"context"
	"errors"
	"os"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

type builtin struct {
	*cluster.Cluster
	keep bool
}

var (
	_ Cutter = (*builtin)(nil)
	_ Sharer = (*builtin)(nil)
)

func builtinLacks() string {
	if os.Geteuid() != 0 {
		return "root, which real nodes need"
	}
	return ""
}

// isBuilt reports whether the programs of the cluster are already built.
func isBuilt(ctx context.Context) bool { return cluster.Built(ctx) }

func startBuiltin(ctx context.Context, o Options) (Provider, error) {
	if o.Keep {
		found, err := cluster.Find(o.Name, "")
		if err == nil {
			return &builtin{found, true}, nil
		}
		if !errors.Is(err, cluster.ErrNotRunning) {
			return nil, err
		}
	}
	wanted := cluster.DefaultOptions()
	wanted.Name, wanted.Nodes, wanted.Detached, wanted.Log = o.Name, o.Nodes, o.Keep, o.Log
	started, err := cluster.Start(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return &builtin{started, o.Keep}, nil
}

func (b *builtin) Name() string     { return Builtin }
func (b *builtin) Kubectl() string  { return b.Program("kubectl") }
func (b *builtin) Image() string    { return imageFromEnv() }
func (b *builtin) JobImage() string { return jobImageFromEnv(cluster.CurlImage) }

func (b *builtin) StopCommand() string {
	if name := b.Cluster.Name(); name != cluster.DefaultOptions().Name {
		return "go run ./e2e/cmd/cluster down --name " + name
	}
	return "make cluster-down"
}

// CutOff implements Cutter.
func (b *builtin) CutOff(ctx context.Context, node string) error { return b.CutNode(ctx, node) }

// Reconnect implements Cutter.
func (b *builtin) Reconnect(ctx context.Context, node string) error { return b.HealNode(ctx, node) }

func (b *builtin) Stop() error {
	if b.keep {
		return nil
	}
	return b.Cluster.Stop()
}
