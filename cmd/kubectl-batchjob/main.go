package main

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	_ "time/tzdata" // not every machine has one, and configurations name zones

	"k8s.io/cli-runtime/pkg/genericiooptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // what kubeconfigs ask for
	"k8s.io/klog/v2"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// What libraries log comes as errors too, which are shown once.
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(batchjob.Run(ctx, name(), os.Args[1:], streams))
}

// name is what people can type to run this program again.
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
