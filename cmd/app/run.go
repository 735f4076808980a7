package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/cmd/app/flags"
	"github.com/batch-job-controller/batch-job-controller/cmd/validate"
	"github.com/batch-job-controller/batch-job-controller/cmd/version"
	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// The exit statuses.
const (
	exitOK       = 0
	exitFailed   = 1
	exitMisused  = 2 // the command line, the environment or the ConfigMap is invalid: a restart does not help
	versionUsage = "batch-job-controller %s\n"
)

// misuseError is an error that an operator has to fix.
type misuseError struct{ err error }

func (e *misuseError) Error() string { return e.err.Error() }
func (e *misuseError) Unwrap() error { return e.err }

// Run runs the server until ctx ends, and returns its exit status.
func Run(ctx context.Context, args []string, lookupEnv func(string) (string, bool), output io.Writer, given ...Extension) int {
	return run(ctx, args, lookupEnv, output, klog.SetSlogLogger, given...)
}

// run is Run with setKubernetesLog, which sets client-go's logger for the whole
// process.
func run(ctx context.Context, args []string, lookupEnv func(string) (string, bool), output io.Writer, setKubernetesLog func(*slog.Logger), given ...Extension) int {
	if len(args) > 0 && args[0] == flags.ValidateCommand {
		return validate.Run(args[1:], os.Stdin, os.Stdout, output)
	}
	o, err := flags.Parse(args, output)
	if errors.Is(err, pflag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(output, err)
		return exitMisused
	}
	if o.Version {
		fmt.Fprintf(output, versionUsage, version.Own())
		return exitOK
	}
	env, err := config.ReadEnv(lookupEnv)
	if err != nil {
		fmt.Fprintln(output, err)
		return exitMisused
	}
	log := newLogger(o, env.DevMode, output)
	setKubernetesLog(log)
	for _, d := range o.Deprecated {
		log.Warn("deprecated flag", "flag", d.Given, "replacement", d.Replacement)
	}
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

func newLogger(o flags.Options, dev bool, output io.Writer) *slog.Logger {
	level := o.LogLevel
	if dev {
		level = min(level, slog.LevelDebug)
	}
	handler := slog.HandlerOptions{Level: level}
	if dev || o.LogFormat == flags.TextFormat {
		return slog.New(slog.NewTextHandler(output, &handler))
	}
	return slog.New(slog.NewJSONHandler(output, &handler))
}

func serve(ctx context.Context, o flags.Options, env config.Env, ext extensions, log *slog.Logger) (err error) {
	var probes health
	server := httpserver.New(o.HealthAddress, probes.handler(), httpserver.Options{Log: log, MaxConnections: fewConnections})
	if err := server.Open(ctx); err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		err = errors.Join(err, server.Close(closing))
	}()
	ext.access, err = accessWith(o.Kubeconfig, ext)
	if err != nil {
		return &misuseError{err}
	}
	client, err := kube.NewClient(ext.access)
	if err != nil {
		return &misuseError{err}
	}
	start := newStarting(env, client, log)
	defer func() { start.ended(ctx, err) }()
	var cfg config.Config
	err = start.untilAnswered(ctx, "configuration", func() (err error) {
		cfg, err = loadConfig(ctx, client, env, log)
		return err
	})
	if err != nil {
		return err
	}
	if err := checkDefinition(ctx, client, env, cfg, ext, log); err != nil {
		return err
	}
	var keyring *auth.Keyring
	err = start.untilAnswered(ctx, "callback key", func() (err error) {
		keyring, err = openKeyring(ctx, o, env, cfg, client)
		return errors.Join(err, checkReviews(ctx, cfg, client))
	})
	if err != nil {
		return err
	}
	a, err := newApp(o, env, cfg, client, keyring, ext, log)
	if err != nil {
		return err
	}
	probes.readyWhen(a.manager.Synced)
	return a.run(ctx, start)
}
