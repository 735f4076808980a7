package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/metrics/legacyregistry"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client-go's own metrics
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/callback"
	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/cmd/app/flags"
	"github.com/batch-job-controller/batch-job-controller/cmd/version"
	"github.com/batch-job-controller/batch-job-controller/controller"
	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert"
)

var _ callback.Recorder = (*intake.Recorder)(nil)

// app is the wired server.
type app struct {
	options   flags.Options
	identity  string // under which this replica holds the Lease
	env       config.Env
	config    config.Config
	client    kube.Client
	access    *rest.Config
	log       *slog.Logger
	registry  *prometheus.Registry
	manager   *controller.Manager
	store     *report.Store
	runnables []namedRunnable
	servers   []*httpserver.Server
	secure    securePorts
}

const (
	// drainTimeout is how long to wait for requests in progress at shutdown.
	drainTimeout = 10 * time.Second
	// fewConnections are enough for probes and scrapers.
	fewConnections = 64
)

func newApp(o flags.Options, env config.Env, cfg config.Config, client kube.Client, keyring *auth.Keyring, ext extensions, log *slog.Logger) (*app, error) {
	a := &app{
		options: o, identity: lease.NewIdentity(env.Hostname, env.ConfigMapName, o.AdvertiseAddress),
		env: env, config: cfg, client: client, access: ext.access, log: log, runnables: ext.runnables,
	}
	var err error
	if a.store, err = openStore(cfg.ReportDirectory, storeOptions(cfg.Callback.Limits), ext); err != nil {
		return nil, &misuseError{fmt.Errorf("reportDirectory: %s: %w", cfg.ReportDirectory, err)}
	}
	a.registry = prometheus.NewRegistry()
	own := metrics.New(a.registry)
	own.ConfigTaken(time.Now(), false)
	metrics.WatchStore(a.registry, a.store)
	results := metrics.NewExports(cfg.Callback.Limits.Series)
	if err := a.registry.Register(results); err != nil {
		return nil, &misuseError{fmt.Errorf("metrics: %w", err)}
	}
	a.secure = a.newSecurePorts(own)
	a.manager, err = controller.New(controller.Options{
		Config:        cfg,
		Namespace:     env.Namespace,
		PodIP:         env.PodIP,
		Instance:      env.Hostname,
		Identity:      a.identity,
		Extensions:    func(cfg config.Config) []jobspec.EnvExtension { return podEnvs(cfg, ext.podEnvs) },
		Client:        client,
		Keyring:       keyring,
		TokenFile:     tokenFile(ext.access),
		TLS:           a.secure.callbacks(),
		Store:         a.store,
		Results:       results,
		Metrics:       own,
		Clock:         clock.RealClock{},
		Jitter:        jitter,
		Log:           log,
		ConfigMap:     env.ConfigMapName,
		Validate:      a.judgeConfig(ext),
		ResultOptions: resultOptions,
		Checker:       jobChecker{a, ext},
	})
	if err != nil {
		return nil, err
	}
	a.addProfiler()
	return a, a.addServers(own)
}

func openStore(dir string, o report.Options, ext extensions) (*report.Store, error) {
	disk, err := report.OpenDisk(dir)
	if err != nil {
		return nil, err
	}
	for _, wrap := range ext.disks {
		disk = wrap(disk)
	}
	return report.Open(disk, o)
}

// tokenFile returns the file of the replica's service account token, or "".
func tokenFile(access *rest.Config) string {
	if access == nil {
		return ""
	}
	return access.BearerTokenFile
}

func (a *app) addServers(own *metrics.Metrics) error {
	callbackPort, errCallback := portOf(a.options.CallbackAddress)
	reportPort, errReport := portOf(a.options.ReportAddress)
	if err := errors.Join(errCallback, errReport); err != nil {
		return &misuseError{err}
	}
	callbacks := callback.NewHandler(a.manager.Recorder(), callback.Options{
		Log:            a.log,
		Observe:        own.CallbackAnswered,
		Authenticate:   a.manager.CallbackAuth().Authenticate,
		AdmitReview:    a.manager.CallbackAuth().AdmitReview,
		ObserveDenied:  own.CallbackDenied,
		Leader:         a.leader,
		ForwardPort:    callbackPort,
		ForwardTLS:     a.secure.forwarding(servingcert.CallbackPort),
		ObserveForward: own.CallbackForwarded,
		ObserveLimit:   own.CallbackLimited,

		Redactor:        a.manager.Redactor(),
		ObserveRedacted: own.CredentialsRedacted,

		Limits: callbackLimits(a.config.Callback.Limits),
	})
	reports := httpserver.NewForwarder(a.elsewhere, reportPort, a.secure.forwarding(servingcert.ReportPort), a.log)
	add := func(address string, h http.Handler, o httpserver.Options) {
		a.servers = append(a.servers, httpserver.New(address, h, o))
	}
	add(a.options.CallbackAddress, callbacks, a.callbackServer(own))
	abouts := &reportAbouts{about: a.store.About, isGone: a.manager.IsGone, byDefault: a.config.Name}
	add(a.options.ReportAddress, web.NewHandler(a.store.FS(), web.Options{
		Log: a.log, Elsewhere: reports.Forward, AboutOf: abouts.of, Viewers: a.newViewers(),
	}), a.reportServer(own))
	add(a.options.MetricsAddress, a.metrics(), httpserver.Options{Log: a.log, MaxConnections: fewConnections})
	return nil
}

// portOf returns the port of an address to listen on.
func portOf(address string) (string, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("address %q: must be host:port or :port: %w", address, err)
	}
	return port, nil
}

// leader finds the replica that accepts callbacks.
func (a *app) leader() (callback.Leader, <-chan struct{}) {
	here, elsewhere, moved := a.manager.Callbacks()
	return callback.Leader{Here: here, Host: elsewhere}, moved
}

// elsewhere returns the host of the replica that accepts callbacks and has the newest
// reports, if it is another replica.
func (a *app) elsewhere() string {
	_, host, _ := a.manager.Callbacks()
	return host
}

func (a *app) metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(
		a.gatherers(),
		promhttp.HandlerOpts{
			// A failing collector is logged and counted, and the others are still served.
			ErrorHandling:       promhttp.ContinueOnError,
			ErrorLog:            slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
			MaxRequestsInFlight: 4,
			Timeout:             30 * time.Second,
			Registry:            a.registry,
			EnableOpenMetrics:   true,
		}))
	return mux
}

// gatherers returns the sources of metrics. The second one has those of client-go, Go
// and the process.
func (a *app) gatherers() prometheus.Gatherers {
	return prometheus.Gatherers{a.registry, legacyregistry.DefaultGatherer}
}

// run serves and leads until ctx ends or a part fails, and then shuts down in reverse
// order.
func (a *app) run(ctx context.Context, start *starting) (err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if err := a.secure.open(ctx, start); err != nil {
		return err
	}
	for _, s := range a.servers {
		if err := s.Open(ctx); err != nil {
			return errors.Join(err, a.closeServers())
		}
		go func() {
			<-s.Done()
			stop(errors.New("a server ended"))
		}()
	}
	// Closed last: callbacks are still accepted while the work ends.
	defer func() { err = errors.Join(err, a.closeServers()) }()
	a.log.Info("started", "version", version.Own(), "namespace", a.env.Namespace, "configMap", a.env.ConfigMapName, "configHash", a.config.Hash)

	// The caches outlive the work, which reads them until it ends.
	watching, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWatching()
	a.manager.Watch(watching)
	a.secure.keep(watching)
	if err := lease.Lead(ctx, a.client, a.leaderOptions(), a.lead); err != nil {
		return err
	}
	a.drain(watching)
	return nil
}

// drain continues to forward callbacks although this replica is no longer the leader:
// the Service routes pods to it until all nodes know that it terminates.
func (a *app) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, a.options.ShutdownDelay)
	defer cancel()
	lease.Follow(ctx, a.client, a.leaderOptions())
}

func (a *app) leaderOptions() lease.Options {
	return lease.Options{
		Namespace:     a.env.Namespace,
		Name:          jobspec.LeaseName(a.config.Name),
		Controller:    a.config.Name,
		Identity:      a.identity,
		LeaseDuration: a.options.LeaseDuration,
		RenewDeadline: a.options.RenewDeadline,
		RetryPeriod:   a.options.RetryPeriod,
		Observe:       a.manager.ObserveHolder,
		Log:           a.log,
	}
}

// lead runs the leader's work: the controller and the extensions.
func (a *app) lead(ctx context.Context, fence lease.Fence) error {
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
	start("controller", func() error { return a.manager.Run(ctx, fence) })
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
		Config:    a.manager.Config(),
		Current:   a.manager.Config,
		Namespace: a.env.Namespace,
		Client:    a.client,
		Access:    a.access,
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
