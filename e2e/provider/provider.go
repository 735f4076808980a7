package provider

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
)

// Provider is a cluster that runs.
type Provider interface {
	// Name tells which way the cluster is provided.
	Name() string
	// Kubeconfig is the path of an administrator's kubeconfig.
	Kubeconfig() string
	// Kubectl is the path of a kubectl, or its name if it is not known.
	Kubectl() string
	// Image is the controller's image, or empty: then one is built and loaded.
	Image() string
	// JobImage has sh, the usual small tools and curl.
	JobImage() string
	// LoadImage puts the images of an archive on every node.
	LoadImage(ctx context.Context, archive string) error
	// StopCommand is what a person types to stop the cluster.
	StopCommand() string
	// Stop ends the cluster, unless it ran before Start.
	Stop() error
}

// The environment variables that choose a provider, and a cluster that may run
// already.
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

// Options say which cluster to start.
type Options struct {
	Provider string    // one of the constants; empty: builtin
	Name     string    // of the cluster
	Nodes    int       // that can run pods
	Keep     bool      // the cluster outlives this process, and one that runs already is used
	Log      io.Writer // receives progress
}

// FromEnv returns options as the environment wants them.
func FromEnv(name string) Options {
	o := Options{Provider: chosen(), Name: name, Nodes: 3, Log: io.Discard}
	if given := os.Getenv(ClusterVariable); given != "" {
		o.Name, o.Keep = given, true
	}
	return o
}

func chosen() string { return cmp.Or(os.Getenv(Variable), Builtin) }

// Available reports whether the provider that the environment chooses can work
// on this machine, and if not, what it lacks.
func Available() (reason string, ok bool) { return Can(chosen()) }

// Can reports whether a provider can work on this machine, and if not, what it
// lacks.
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

// imageFromEnv is the controller's image, if the environment names one.
func imageFromEnv() string { return os.Getenv("E2E_IMAGE") }

// jobImageFromEnv is the job pods' image.
func jobImageFromEnv(otherwise string) string { return cmp.Or(os.Getenv("E2E_JOB_IMAGE"), otherwise) }
