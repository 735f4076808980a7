package main

import (
	"context"
	"os"
	"os/exec"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

func kubectl(ctx context.Context, args []string) error {
	var p place
	set := flags("kubectl", &p)
	if err := set.Parse(args); err != nil {
		return err
	}
	c, err := cluster.Find(p.name, p.dir)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, c.Program("kubectl"), set.Args()...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
