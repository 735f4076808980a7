package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
)

// way is a provider that may work on this machine.
type way struct {
	provider string
	why      string
	takes    string
}

// ways returns the providers that may work, the one without privileges first. The arguments
// are what each provider lacks, and whether the programs of the built-in cluster are built.
func ways(kindLacks, builtinLacks string, built bool) (all []way, err error) {
	why := "because the cluster of kind could not be started"
	if kindLacks == "" {
		all = append(all, way{Kind, "because Docker answers", "about a minute, and longer the first time, when the image of its nodes is pulled"})
	} else {
		why = "because kind lacks " + kindLacks
	}
	if builtinLacks == "" {
		takes := "about half a minute"
		if !built {
			takes = "10 to 20 minutes this time, in which Kubernetes is built, and half a minute from then on"
		}
		all = append(all, way{Builtin, why, takes})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("neither kind can run here, which lacks %s, nor the built-in cluster, which lacks %s", kindLacks, builtinLacks)
	}
	return all, nil
}

// StartAny starts or finds a cluster of the provider in the options, or else of the first
// provider that works: kind, if a Docker daemon responds and the image of kind's nodes
// exists or can be pulled, or the built-in cluster. It logs the provider, the reason, and
// the expected duration.
func StartAny(ctx context.Context, o Options) (Provider, error) {
	if o.Provider != "" {
		return Start(ctx, o)
	}
	all, err := ways(kindLacks(), builtinLacks(), isBuilt(ctx))
	if err != nil {
		return nil, err
	}
	return startAny(ctx, o, all, Start)
}

func startAny(ctx context.Context, o Options, all []way, start func(context.Context, Options) (Provider, error)) (Provider, error) {
	log := cmp.Or[io.Writer](o.Log, io.Discard)
	var errs []error
	for _, w := range all {
		fmt.Fprintf(log, "%s, %s: this takes %s\n", w.provider, w.why, w.takes)
		o.Provider = w.provider
		started, err := start(ctx, o)
		if err == nil {
			return started, nil
		}
		fmt.Fprintf(log, "%s: %v\n", w.provider, err)
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}
