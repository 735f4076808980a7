package main

import (
	"context"
	"fmt"
	"os"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

func up(ctx context.Context, args []string) error {
	o := cluster.DefaultOptions()
	o.Log = os.Stderr
	var p place
	set := flags("up", &p)
	set.IntVar(&o.Nodes, "nodes", o.Nodes, "real nodes; with 0 no root is needed")
	set.IntVar(&o.Simulated, "simulated", 0, "simulated nodes")
	set.BoolVar(&o.FastJobs, "fast-jobs", false, "give the Job controller 50 workers and 1000 requests/s")
	set.BoolVar(&o.EtcdFsync, "fsync", false, "make etcd's writes durable")
	set.StringVar(&o.LogDir, "logs", "", "keep the logs in this directory")
	foreground := set.Bool("foreground", false, "stop the cluster on Ctrl-C")
	if err := set.Parse(args); err != nil {
		return err
	}
	o.Name, o.Dir, o.Detached = p.name, p.dir, !*foreground
	c, err := cluster.Start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("export KUBECONFIG=%s\n", c.Kubeconfig())
	fmt.Fprintf(os.Stderr, "kubectl: %s\nlogs:    %s\n", c.Program("kubectl"), c.LogDir())
	if *foreground {
		fmt.Fprintln(os.Stderr, "stop:    Ctrl-C")
		<-ctx.Done()
		return c.Stop()
	}
	fmt.Fprintf(os.Stderr, "stop:    go run ./e2e/cmd/cluster down --name %s\n", p.name)
	return nil
}
