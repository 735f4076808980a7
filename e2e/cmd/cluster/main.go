package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

const usage = `usage: cluster COMMAND [flags]

  up       start a cluster: [--nodes 3] [--simulated 0] [--fast-jobs] [--fsync] [--foreground]
  down     stop it, and remove what a crash has left
  status   show its processes, or, without --name, all clusters
  load     put an image archive on its nodes: load IMAGE.tar ...
  kubectl  run kubectl against it: kubectl -- get nodes
  build    build the cluster's programs and do no more

Each takes --name (default "e2e") and --dir.
`

func main() {
	if status, asked := cluster.Supervise(os.Args[1:]); asked {
		os.Exit(status)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	commands := map[string]func(context.Context, []string) error{
		"up": up, "down": down, "status": status, "load": load, "kubectl": kubectl, "build": build,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	err := commands[args[0]](ctx, args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 2
	case err != nil:
		fmt.Fprintln(os.Stderr, "cluster:", err)
		return 1
	}
	return 0
}

// place identifies the cluster of a command.
type place struct {
	name, dir string
}

func flags(command string, p *place) *flag.FlagSet {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.StringVar(&p.name, "name", cluster.DefaultOptions().Name, "the cluster's name")
	set.StringVar(&p.dir, "dir", "", "the cluster's directory (default: below the directory for temporary files)")
	return set
}

func build(ctx context.Context, _ []string) error {
	dir, err := cluster.Build(ctx, os.Stderr)
	if err == nil {
		fmt.Println(dir)
	}
	return err
}

func down(_ context.Context, args []string) error {
	var p place
	if err := flags("down", &p).Parse(args); err != nil {
		return err
	}
	return cluster.Remove(p.name, p.dir)
}

func load(ctx context.Context, args []string) error {
	var p place
	set := flags("load", &p)
	if err := set.Parse(args); err != nil {
		return err
	}
	c, err := cluster.Find(p.name, p.dir)
	if err != nil {
		return err
	}
	for _, archive := range set.Args() {
		if err := c.LoadImage(ctx, archive); err != nil {
			return err
		}
	}
	return nil
}

func status(ctx context.Context, args []string) error {
	var p place
	if err := flags("status", &p).Parse(args); err != nil {
		return err
	}
	if len(args) == 0 {
		return listAll(ctx, os.Stdout)
	}
	c, err := cluster.Find(p.name, p.dir)
	if err != nil {
		return err
	}
	return show(ctx, os.Stdout, c)
}

func listAll(ctx context.Context, w io.Writer) error {
	names, err := cluster.List()
	if err != nil {
		return err
	}
	for _, name := range names {
		c, err := cluster.Find(name, "")
		if err == nil {
			err = show(ctx, w, c)
		}
		if err != nil {
			fmt.Fprintf(w, "%s: %v\n", name, err)
		}
	}
	return nil
}

func show(ctx context.Context, w io.Writer, c *cluster.Cluster) error {
	list, err := c.Processes(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: supervisor %d, KUBECONFIG=%s, logs in %s\n", c.Name(), c.PID(), c.Kubeconfig(), c.LogDir())
	var total int64
	for _, p := range list {
		state := "running"
		if !p.Running {
			state = cmp.Or(p.Exit, "not started")
		}
		total += p.RSSBytes
		fmt.Fprintf(w, "  %-26s %6d MiB (peak %6d)  cpu %8.1fs  %s\n",
			p.Name, p.RSSBytes>>20, p.PeakRSSBytes>>20, float64(p.CPUMilliseconds)/1000, state)
	}
	fmt.Fprintf(w, "  %-26s %6d MiB\n", "together", total>>20)
	return nil
}
