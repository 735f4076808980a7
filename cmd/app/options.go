package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

// options are what the command line says. What belongs to the job is in the
// ConfigMap instead.
type options struct {
	kubeconfig      string
	reportAddress   string
	callbackAddress string
	healthAddress   string
	metricsAddress  string
	// advertiseAddress is the host at which other replicas reach this one.
	advertiseAddress string
	drain            time.Duration
	// The Secret with the callback key, and where it is mounted.
	callbackKeySecret    string
	callbackKeyDirectory string
	pprofAddress         string // empty: profiles are not served
	// caSecret is the Secret with our own certificate authority.
	caSecret      string
	leaseDuration time.Duration
	renewDeadline time.Duration
	retryPeriod   time.Duration
	logLevel      slog.Level
	logFormat     string
	version       bool
}

const (
	jsonFormat = "json"
	textFormat = "text"
)

// parseOptions reads the command line.
func parseOptions(args []string, output io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("batch-job-controller", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.Usage = func() {
		fmt.Fprintf(output, "Runs the controller. \"batch-job-controller %s -help\" tells how to check a configuration instead.\n\n", validateCommand)
		flags.PrintDefaults()
	}
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "path of a kubeconfig; empty: the pod's service account")
	flags.StringVar(&o.reportAddress, "report-address", ":8080", "where reports are served")
	flags.StringVar(&o.callbackAddress, "callback-address", ":8090", "where job pods report; the pods are told callbackServicePort")
	flags.StringVar(&o.healthAddress, "health-address", ":9152", "where /healthz and /readyz are served")
	flags.StringVar(&o.metricsAddress, "metrics-address", ":9153", "where /metrics is served")
	flags.StringVar(&o.pprofAddress, "pprof-address", "", "where profiles are served, such as 127.0.0.1:6060; only a loopback address; empty: nowhere")
	flags.StringVar(&o.advertiseAddress, "advertise-address", "", "host at which other replicas reach this one to pass callbacks on, on the same ports; empty: they answer 503 until they lead")
	flags.DurationVar(&o.drain, "drain", 5*time.Second, "how long callbacks are still passed on to the next leader before this process ends")
	flags.StringVar(&o.callbackKeySecret, "callback-key-secret", "", "Secret with the key of the callback tokens, made if there is none; empty: <name>-callback-key")
	flags.StringVar(&o.caSecret, "ca-secret", "", "Secret with the authority of tls: selfSigned, made if there is none; empty: <name>-ca")
	flags.StringVar(&o.callbackKeyDirectory, "callback-key-directory", "", "where that Secret is mounted; empty: it is read through the API")
	lease := lease.WithDefaultTimings(lease.Options{})
	flags.DurationVar(&o.leaseDuration, "leader-lease-duration", lease.LeaseDuration, "how long a Lease lasts that is not renewed")
	flags.DurationVar(&o.renewDeadline, "leader-renew-deadline", lease.RenewDeadline, "how long the leader tries to renew it")
	flags.DurationVar(&o.retryPeriod, "leader-retry-period", lease.RetryPeriod, "how long to wait between tries")
	flags.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	flags.StringVar(&o.logFormat, "log-format", jsonFormat, "json or text")
	flags.BoolVar(&o.version, "version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.validate(flags.Args())
}

// validate returns everything that is wrong, not only the first.
func (o options) validate(rest []string) error {
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, fmt.Errorf("argument %q: none is expected", rest[0]))
	}
	if o.logFormat != jsonFormat && o.logFormat != textFormat {
		errs = append(errs, fmt.Errorf("-log-format %q: must be json or text", o.logFormat))
	}
	if strings.ContainsAny(o.advertiseAddress, "@/ ") || (strings.Contains(o.advertiseAddress, ":") && net.ParseIP(o.advertiseAddress) == nil) {
		errs = append(errs, fmt.Errorf("-advertise-address %q: must be a host name or an IP address, without a port", o.advertiseAddress))
	}
	if err := checkPprofAddress(o.pprofAddress); err != nil {
		errs = append(errs, err)
	}
	if o.drain < 0 {
		errs = append(errs, fmt.Errorf("-drain %s: must not be negative", o.drain))
	}
	if o.leaseDuration%time.Second != 0 {
		errs = append(errs, fmt.Errorf("-leader-lease-duration %s: must be whole seconds: a Lease holds no parts of them, and the other replicas go by what it holds", o.leaseDuration))
	}
	if o.retryPeriod <= 0 || o.renewDeadline <= o.retryPeriod*12/10 || o.leaseDuration <= o.renewDeadline {
		errs = append(errs, fmt.Errorf("-leader-lease-duration %s must be longer than -leader-renew-deadline %s, and that longer than 1.2 times -leader-retry-period %s",
			o.leaseDuration, o.renewDeadline, o.retryPeriod))
	}
	return errors.Join(errs...)
}
