package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // for timeZone, where the image has no time zones

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/app"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(app.Run(ctx, os.Args[1:], os.LookupEnv, os.Stderr,
		app.WithPodEnv(datacentre),
		app.WithRunnable("heartbeat", heartbeat),
	))
}

// datacentre tells every container where it runs.
func datacentre(cfg config.Config, _ execution.Key, _ corev1.Container) []corev1.EnvVar {
	value, ok := cfg.Custom["datacentre"].(string)
	if !ok {
		return nil
	}
	return []corev1.EnvVar{{Name: "DATACENTRE", Value: value}}
}

// heartbeat counts minutes, until this replica no longer leads.
func heartbeat(ctx context.Context, rt app.Runtime) error {
	minutes := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "extension_minutes_total", Help: "Minutes this replica has led.",
	})
	if err := rt.Metrics.Register(minutes); err != nil {
		return err
	}
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			minutes.Inc()
			rt.Log.Info("still leading", "namespace", rt.Namespace)
		}
	}
}
