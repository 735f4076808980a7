package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	var err error
	switch {
	case len(args) == 0:
		err = demo(ctx)
	case args[0] == forwardWord:
		err = forward(ctx, args[1:])
	default:
		fmt.Fprintln(os.Stderr, "usage: demo")
		return 2
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	}
	return 0
}
