package provider

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
)

// Provider is a running cluster.
type Provider interface {
	// Name is one of the values of E2E_PROVIDER.
	Name() string
	// Kubeconfig is the path of an administrator's kubeconfig.
	Kubeconfig() string
	// Kubectl is the path of kubectl, or its name in PATH.
	Kubectl() string
	// Image is the controller's image; empty: it has to be built and loaded.
	Image() string
	// JobImage has sh, the usual small tools and curl.
	JobImage() string
	// LoadImage loads the images of an archive into every node.
	LoadImage(ctx context.Context, archive string) error
	// StopCommand is the command that stops the cluster.
	StopCommand() string
	// Stop stops the cluster, unless it was running before Start.
	Stop() error
}

// The environment variables that select a provider, and a cluster that may run already.
const (
	Variable        = "E2E_PROVIDER"
	ClusterVariable = "E2E_CLUSTER"
)

// The values of E2E_PROVIDER.
const (
	Builtin    = "builtin"
	Kind       = "kind"
	Kubeconfig = "kubeconfig"
)

// Options are the options of a cluster.
type Options struct {
	Provider string    // one of the constants; empty: builtin
	Name     string    // of the cluster
	Nodes    int       // that can run pods
	Keep     bool      // keep the cluster running, and use one that runs already
	Log      io.Writer // receives progress
}

// FromEnv returns the options of the environment.
func FromEnv(name string) Options {
	o := Options{Provider: chosen(), Name: name, Nodes: 3, Log: io.Discard}
	if given := os.Getenv(ClusterVariable); given != "" {
		o.Name, o.Keep = given, true
	}
	return o
}

func chosen() string { return cmp.Or(os.Getenv(Variable), Builtin) }

// Available reports whether the provider of the environment works on this machine, or
// returns what the machine lacks.
func Available() (reason string, ok bool) { return Can(chosen()) }

// Can reports whether a provider works on this machine, or returns what the machine lacks.
func Can(provider string) (reason string, ok bool) {
	switch provider {
	case Builtin:
		reason = builtinLacks()
	case Kind:
		reason = kindLacks()
	case Kubeconfig:
		reason = kubeconfigLacks()
	default:
		reason = fmt.Sprintf("a provider called %q: E2E_PROVIDER must be builtin, kind or kubeconfig", provider)
	}
	return reason, reason == ""
}

// Start starts or finds a cluster, and returns when its nodes are ready.
func Start(ctx context.Context, o Options) (Provider, error) {
	o.Provider = cmp.Or(o.Provider, Builtin)
	if o.Log == nil {
		o.Log = io.Discard
	}
	if lacks, ok := Can(o.Provider); !ok {
		return nil, fmt.Errorf("provider %s: this machine lacks %s", o.Provider, lacks)
	}
	switch o.Provider {
	case Kind:
		return startKind(ctx, o)
	case Kubeconfig:
		return useKubeconfig(), nil
	default:
		return startBuiltin(ctx, o)
	}
}

// imageFromEnv returns the controller's image in the environment, or nothing.
func imageFromEnv() string { return os.Getenv("E2E_IMAGE") }

// jobImageFromEnv returns the job pods' image.
func jobImageFromEnv(otherwise string) string { return cmp.Or(os.Getenv("E2E_JOB_IMAGE"), otherwise) }
