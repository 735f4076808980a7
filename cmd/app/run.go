package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"k8s.io/klog/v2"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// The exit statuses.
const (
	exitOK       = 0
	exitFailed   = 1
	exitMisused  = 2 // the command line, the environment or the ConfigMap is wrong: a restart does not help
	versionUsage = "batch-job-controller %s\n"
)

// misuseError is an error that a person has to mend.
type misuseError struct{ err error }

func (e *misuseError) Error() string { return e.err.Error() }
func (e *misuseError) Unwrap() error { return e.err }

// Run runs the server until ctx ends, and returns its exit status.
func Run(ctx context.Context, args []string, lookupEnv func(string) (string, bool), output io.Writer, given ...Extension) int {
	o, err := parseOptions(args, output)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(output, err)
		return exitMisused
	}
	if o.version {
		fmt.Fprintf(output, versionUsage, version())
		return exitOK
	}
	env, err := config.ReadEnv(lookupEnv)
	if err != nil {
		fmt.Fprintln(output, err)
		return exitMisused
	}
	log := newLogger(o, env.DevMode, output)
	klog.SetSlogLogger(log)
	err = serve(ctx, o, env, collect(given), log)
	var misuse *misuseError
	switch {
	case errors.As(err, &misuse):
		log.Error("not started", "error", err)
		return exitMisused
	case err != nil:
		log.Error("ended", "error", err)
		return exitFailed
	}
	return exitOK
}

func newLogger(o options, dev bool, output io.Writer) *slog.Logger {
	level := o.logLevel
	if dev {
		level = min(level, slog.LevelDebug)
	}
	handler := slog.HandlerOptions{Level: level}
	if dev || o.logFormat == textFormat {
		return slog.New(slog.NewTextHandler(output, &handler))
	}
	return slog.New(slog.NewJSONHandler(output, &handler))
}

func serve(ctx context.Context, o options, env config.Env, ext extensions, log *slog.Logger) error {
	client, err := newClient(o.kubeconfig)
	if err != nil {
		return &misuseError{err}
	}
	cfg, err := loadConfig(ctx, client, env, log)
	if err != nil {
		return err
	}
	if err := checkTemplate(ctx, client, env, cfg, ext, log); err != nil {
		return err
	}
	a, err := newApp(o, env, cfg, client, ext, log)
	if err != nil {
		return err
	}
	return a.run(ctx)
}
