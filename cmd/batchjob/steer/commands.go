package steer

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
)

// Commands returns the commands that act on definitions and executions.
func Commands(t *cli.Tool) []*cobra.Command { return commands(newCommander(t)) }

func newCommander(t *cli.Tool) *commander {
	in, isFile := t.In.(interface{ Fd() uintptr })
	return &commander{
		Tool: t, connect: func() (*resources.Client, error) { return resources.Connect(t) },
		now: time.Now, asks: isFile && term.IsTerminal(int(in.Fd())),
	}
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
	connect resources.Connector
	now     func() time.Time
	asks    bool // a person at a terminal can answer
}

// session is one command at work, with the credentials of its user.
type session struct {
	*cli.Tool
	*resources.Client
	now  func() time.Time
	asks bool
}

// does adapts a command for cobra. Its output format is checked before anything is sent.
func (c *commander) does(o *printing.Output, do func(ctx context.Context, s *session, args []string) error) func(*cobra.Command, []string) error {
	return cli.Does(func(ctx context.Context, args []string) error {
		if err := o.Check(); err != nil {
			return cli.Misuse(err)
		}
		client, err := c.connect()
		if err != nil {
			return err
		}
		return do(ctx, &session{Tool: c.Tool, Client: client, now: c.now, asks: c.asks}, args)
	})
}

// command returns a command line about an object of the session's namespace.
func (s *session) command(verb, name string) string {
	return s.Name + " " + verb + " " + name + " -n " + s.Namespace
}
