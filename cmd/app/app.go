package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/component-base/metrics/legacyregistry"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client-go's own metrics
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/callback"
	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/controller"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
)

var _ callback.Recorder = (*controller.Controller)(nil)

// app is the server with everything in it.
type app struct {
	options    options
	env        config.Env
	config     config.Config
	client     kubernetes.Interface
	log        *slog.Logger
	registry   *prometheus.Registry
	controller *controller.Controller
	store      *report.Store
	runnables  []namedRunnable
	servers    []*callback.Server
}

// drainTimeout is how long requests under way are waited for at the end.
const drainTimeout = 10 * time.Second

func newApp(o options, env config.Env, cfg config.Config, client kubernetes.Interface, ext extensions, log *slog.Logger) (*app, error) {
	a := &app{options: o, env: env, config: cfg, client: client, log: log, runnables: ext.runnables}
	var err error
	if a.store, err = report.Open(cfg.ReportDirectory); err != nil {
		return nil, &misuseError{fmt.Errorf("reportDirectory: %w", err)}
	}
	a.registry = prometheus.NewRegistry()
	own := metrics.New(a.registry)
	own.SetConfigValid(true)
	results := metrics.NewResults(resultOptions(cfg))
	if err := a.registry.Register(results); err != nil {
		return nil, &misuseError{fmt.Errorf("metrics: %w", err)}
	}
	a.controller, err = controller.New(controller.Options{
		Config:     cfg,
		Namespace:  env.Namespace,
		PodIP:      env.PodIP,
		Instance:   env.Hostname,
		Extensions: podEnvs(cfg, ext.podEnvs),
		Client:     client,
		Store:      a.store,
		Results:    results,
		Metrics:    own,
		Clock:      clock.RealClock{},
		Log:        log,
	})
	if err != nil {
		return nil, err
	}
	a.addServers(own)
	return a, nil
}

func resultOptions(cfg config.Config) metrics.ResultOptions {
	o := metrics.ResultOptions{
		Prefix: cfg.Metrics.Prefix,
		Latest: cfg.LatestMetricsLabel,
		Info: metrics.Info{
			Version: version(), Name: cfg.Name, PoolSize: cfg.PodPoolSize,
			ReportHistory: cfg.ReportHistory, Cron: cfg.CronExpression,
		},
	}
	for name, gauge := range cfg.Metrics.Gauges {
		o.Gauges = append(o.Gauges, metrics.Gauge{Name: name, Help: gauge.Help, Labels: gauge.Labels})
	}
	return o
}

func podEnvs(cfg config.Config, given []PodEnv) []jobspec.EnvExtension {
	all := make([]jobspec.EnvExtension, 0, len(given))
	for _, f := range given {
		all = append(all, func(key execution.Key, c corev1.Container) []corev1.EnvVar { return f(cfg, key, c) })
	}
	return all
}

func (a *app) addServers(own *metrics.Metrics) {
	callbacks := callback.NewHandler(a.controller, callback.Options{Log: a.log, Observe: own.CallbackAnswered})
	add := func(address string, h http.Handler, connections int) {
		a.servers = append(a.servers, callback.NewServer(address, h, callback.ServerOptions{Log: a.log, MaxConnections: connections}))
	}
	const few, some, many = 64, 256, 2048
	add(a.options.callbackAddress, callbacks, many)
	add(a.options.reportAddress, web.NewHandler(a.store.FS(), web.Options{Log: a.log}), some)
	add(a.options.healthAddress, a.health(), few)
	add(a.options.metricsAddress, a.metrics(), few)
}

// health answers the probes. A standby is ready too: readiness that followed
// the Lease would keep a rolling update from ever ending.
func (a *app) health() http.Handler {
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
	mux.HandleFunc("GET /healthz", ok)
	mux.HandleFunc("GET /livez", ok)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if !a.controller.Synced() {
			http.Error(w, "the caches are not filled yet", http.StatusServiceUnavailable)
			return
		}
		ok(w, r)
	})
	return mux
}

func (a *app) metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(
		// The second has client-go's metrics, and those of Go and the process.
		prometheus.Gatherers{a.registry, legacyregistry.DefaultGatherer},
		promhttp.HandlerOpts{
			ErrorLog:            slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
			MaxRequestsInFlight: 4,
			Timeout:             30 * time.Second,
			Registry:            a.registry,
			EnableOpenMetrics:   true,
		}))
	return mux
}

// run serves and leads until ctx ends or something fails, and takes down what
// it set up in the opposite order.
func (a *app) run(ctx context.Context) (err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for _, s := range a.servers {
		if err := s.Open(ctx); err != nil {
			return errors.Join(err, a.closeServers())
		}
		go func() {
			<-s.Done()
			stop(errors.New("a server ended"))
		}()
	}
	// Closed last: a pod's report is still taken while the work ends.
	defer func() { err = errors.Join(err, a.closeServers()) }()
	a.log.Info("started", "version", version(), "namespace", a.env.Namespace, "configMap", a.env.ConfigMapName, "configHash", a.config.Hash)

	// The caches outlive the work, which reads them until it has ended.
	watching, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWatching()
	a.controller.Watch(watching)
	return controller.Lead(ctx, a.client, controller.LeaderOptions{
		Namespace:     a.env.Namespace,
		Name:          a.config.Name + "-leader",
		Identity:      a.identity(),
		LeaseDuration: a.options.leaseDuration,
		RenewDeadline: a.options.renewDeadline,
		RetryPeriod:   a.options.retryPeriod,
		Log:           a.log,
	}, a.lead)
}

// identity is unique: two replicas that took each other for themselves would
// both lead.
func (a *app) identity() string {
	return a.env.Hostname + "_" + uuid.NewString()
}

// lead does the work of the leader: the controller's, and the extensions'.
func (a *app) lead(ctx context.Context, fence controller.Fence) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1+len(a.runnables))
	start := func(name string, run func() error) {
		go func() {
			err := run()
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			ended <- err
		}()
	}
	start("controller", func() error { return a.controller.Run(ctx, fence) })
	for _, r := range a.runnables {
		start(r.name, func() error { return r.run(ctx, a.runtime(r.name)) })
	}
	var errs []error
	for range 1 + len(a.runnables) {
		if err := <-ended; err != nil {
			errs = append(errs, err)
			stop()
		}
	}
	return errors.Join(errs...)
}

func (a *app) runtime(name string) Runtime {
	return Runtime{
		Config:    a.config,
		Namespace: a.env.Namespace,
		Client:    a.client,
		Metrics:   a.registry,
		Log:       a.log.With("runnable", name),
	}
}

func (a *app) closeServers() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	var errs []error
	for _, s := range slices.Backward(a.servers) {
		errs = append(errs, s.Close(ctx))
	}
	return errors.Join(errs...)
}
