package main

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	_ "time/tzdata" // configurations name time zones, which some systems lack

	"k8s.io/cli-runtime/pkg/genericiooptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // the authentication that kubeconfigs refer to
	"k8s.io/klog/v2"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Libraries also return what they log: each error is printed once.
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(batchjob.Run(ctx, name(), os.Args[1:], streams))
}

// name returns the command with which a user can run this program again.
func name() string {
	const program = "kubectl-batchjob"
	_, err := exec.LookPath("kubectl")
	found, errFound := exec.LookPath(program)
	switch {
	case errFound != nil || found == "":
		return os.Args[0]
	case err != nil:
		return program
	default:
		return "kubectl batchjob"
	}
}
