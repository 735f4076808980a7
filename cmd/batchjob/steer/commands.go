package steer

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/client-go/kubernetes"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
)

// Commands returns the commands that act on definitions and executions.
func Commands(t *cli.Tool) []*cobra.Command {
	return commands(&commander{Tool: t, connect: connect})
}

func commands(c *commander) []*cobra.Command {
	return []*cobra.Command{
		applyCommand(c), listCommand(c), executionsCommand(c),
		runCommand(c), rerunCommand(c),
		pauseCommand(c), resumeCommand(c), cancelCommand(c),
		suspendCommand(c), unsuspendCommand(c),
	}
}

// commander makes commands that connect to the cluster when they run.
type commander struct {
	*cli.Tool
	connect func(t *cli.Tool) (*session, error)
}

// session is one command at work, with the credentials of its user.
type session struct {
	*cli.Tool
	namespace string // of the definitions and executions
	api       client.Interface
	kube      kubernetes.Interface
	now       func() time.Time
	asks      bool // a person at a terminal can answer
}

// connect returns a session with the cluster that the flags choose. It sends nothing.
func connect(t *cli.Tool) (*session, error) {
	namespace, err := t.ContextNamespace()
	if err != nil {
		return nil, err
	}
	config, err := cli.ClientConfig(t.Flags)
	if err != nil {
		return nil, err
	}
	api, err := client.New(config)
	if err != nil {
		return nil, cli.Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, cli.Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	in, isFile := t.In.(interface{ Fd() uintptr })
	asks := isFile && term.IsTerminal(int(in.Fd()))
	return &session{Tool: t, namespace: namespace, api: api, kube: kube, now: time.Now, asks: asks}, nil
}

// does adapts a command for cobra. Its output format is checked before anything is sent.
func (c *commander) does(o *output, do func(ctx context.Context, s *session, args []string) error) func(*cobra.Command, []string) error {
	return cli.Does(func(ctx context.Context, args []string) error {
		if err := o.check(); err != nil {
			return cli.Misuse(err)
		}
		s, err := c.connect(c.Tool)
		if err != nil {
			return err
		}
		return do(ctx, s, args)
	})
}

// command returns a command line about an object of the session's namespace.
func (s *session) command(verb, name string) string {
	return s.Name + " " + verb + " " + name + " -n " + s.namespace
}
