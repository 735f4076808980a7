package app

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

// options are the parsed command line. Options of jobs are in the ConfigMap.
type options struct {
	kubeconfig      string
	reportAddress   string
	callbackAddress string
	healthAddress   string
	metricsAddress  string
	// advertiseAddress is the host for requests of other replicas.
	advertiseAddress string
	shutdownDelay    time.Duration
	// The Secret with the callback key, and where it is mounted.
	callbackKeySecret    string
	callbackKeyDirectory string
	pprofAddress         string // empty: profiles are not served
	// caSecret is the Secret with the controller's certificate authority.
	caSecret      string
	leaseDuration time.Duration
	renewDeadline time.Duration
	retryPeriod   time.Duration
	logLevel      slog.Level
	logFormat     string
	version       bool
	deprecated    []deprecatedFlag
}

const (
	jsonFormat = "json"
	textFormat = "text"
	logLevels  = "debug, info, warn or error"
)

// parseOptions parses the command line. The error is pflag.ErrHelp, or all errors
// joined.
func parseOptions(args []string, output io.Writer) (options, error) {
	var o options
	c := newCommandLine(output)
	o.declare(c.flags)
	if err := c.parse(args); err != nil {
		return o, err
	}
	o.deprecated = c.deprecated
	return o, errors.Join(append(c.errs, o.validate())...)
}

// declare uses the flag names of kube-controller-manager and controller-runtime where
// they exist.
func (o *options) declare(flags *pflag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "`path` of a kubeconfig; empty: the pod's service account")
	flags.StringVar(&o.reportAddress, "report-bind-address", ":8080", "`address` where reports are served")
	flags.StringVar(&o.callbackAddress, "callback-bind-address", ":8090", "`address` where callbacks are served; the URLs of job pods have callbackServicePort")
	flags.StringVar(&o.healthAddress, "health-probe-bind-address", ":9152", "`address` where /healthz and /readyz are served")
	flags.StringVar(&o.metricsAddress, "metrics-bind-address", ":9153", "`address` where /metrics is served")
	flags.StringVar(&o.pprofAddress, "pprof-bind-address", "", "loopback `address` where profiles are served, such as 127.0.0.1:6060; empty: not served")
	flags.StringVar(&o.advertiseAddress, "advertise-address", "", "`host` to which other replicas forward callbacks, on the same ports; empty: they respond with 503 until they lead")
	flags.DurationVar(&o.shutdownDelay, "shutdown-delay-duration", 5*time.Second, "how long to forward callbacks to the next leader before this process ends")
	flags.StringVar(&o.callbackKeySecret, "callback-key-secret", "", "`name` of the Secret with the callback key, created if missing; empty: <name>-callback-key")
	flags.StringVar(&o.callbackKeyDirectory, "callback-key-directory", "", "`directory` where the Secret of --callback-key-secret is mounted; empty: it is read from the API server")
	flags.StringVar(&o.caSecret, "ca-secret", "", "`name` of the Secret with the certificate authority of tls: selfSigned, created if missing; empty: <name>-ca")
	lease := lease.WithDefaultTimings(lease.Options{})
	flags.DurationVar(&o.leaseDuration, "leader-elect-lease-duration", lease.LeaseDuration, "how long a Lease is valid without renewal")
	flags.DurationVar(&o.renewDeadline, "leader-elect-renew-deadline", lease.RenewDeadline, "how long the leader tries to renew the Lease")
	flags.DurationVar(&o.retryPeriod, "leader-elect-retry-period", lease.RetryPeriod, "how long a replica waits between attempts to acquire or renew the Lease")
	flags.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "lowest logged `level`: "+logLevels)
	flags.StringVar(&o.logFormat, "logging-format", jsonFormat, "`format` of the log: json or text")
	flags.BoolVar(&o.version, "version", false, "print the version and exit")
}

// validate returns all errors.
func (o options) validate() error {
	var errs []error
	if o.logFormat != jsonFormat && o.logFormat != textFormat {
		errs = append(errs, fmt.Errorf("--logging-format %q: must be json or text", o.logFormat))
	}
	if strings.ContainsAny(o.advertiseAddress, "@/ ") || (strings.Contains(o.advertiseAddress, ":") && net.ParseIP(o.advertiseAddress) == nil) {
		errs = append(errs, fmt.Errorf("--advertise-address %q: must be a host name or an IP address, without a port", o.advertiseAddress))
	}
	if err := checkPprofAddress(o.pprofAddress); err != nil {
		errs = append(errs, err)
	}
	if o.shutdownDelay < 0 {
		errs = append(errs, fmt.Errorf("--shutdown-delay-duration %s: must not be negative", o.shutdownDelay))
	}
	if o.leaseDuration%time.Second != 0 {
		errs = append(errs, fmt.Errorf("--leader-elect-lease-duration %s: must be whole seconds: other replicas read it from the Lease, which has no fractions", o.leaseDuration))
	}
	if o.retryPeriod <= 0 || o.renewDeadline <= o.retryPeriod*12/10 || o.leaseDuration <= o.renewDeadline {
		errs = append(errs, fmt.Errorf("--leader-elect-lease-duration %s must be longer than --leader-elect-renew-deadline %s, and that longer than 1.2 times --leader-elect-retry-period %s",
			o.leaseDuration, o.renewDeadline, o.retryPeriod))
	}
	return errors.Join(errs...)
}
