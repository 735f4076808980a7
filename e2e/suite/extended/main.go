package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/app"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(app.Run(ctx, os.Args[1:], os.LookupEnv, os.Stderr, app.WithPodEnv(greet)))
}

func greet(cfg config.Config, key execution.Key, _ corev1.Container) []corev1.EnvVar {
	greeting, _ := cfg.Custom["greeting"].(string)
	return []corev1.EnvVar{{Name: "GREETING", Value: greeting + ", " + key.Node}}
}
