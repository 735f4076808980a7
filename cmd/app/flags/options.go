package flags

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

// Options are the parsed command line. Options of jobs are in the ConfigMap.
type Options struct {
	Kubeconfig      string
	ReportAddress   string
	CallbackAddress string
	HealthAddress   string
	MetricsAddress  string
	// AdvertiseAddress is the host for requests of other replicas.
	AdvertiseAddress string
	ShutdownDelay    time.Duration
	// The Secret with the callback key, and where it is mounted.
	CallbackKeySecret    string
	CallbackKeyDirectory string
	PprofAddress         string // empty: profiles are not served
	// CASecret is the Secret with the controller's certificate authority.
	CASecret      string
	LeaseDuration time.Duration
	RenewDeadline time.Duration
	RetryPeriod   time.Duration
	LogLevel      slog.Level
	LogFormat     string
	Version       bool
	Deprecated    []Deprecated
}

// The values of LogFormat.
const (
	JSONFormat = "json"
	TextFormat = "text"
)

const logLevels = "debug, info, warn or error"

// Parse parses the command line. The error is pflag.ErrHelp, or all errors
// joined.
func Parse(args []string, output io.Writer) (Options, error) {
	var o Options
	c := newCommandLine(output)
	o.declare(c.flags)
	if err := c.parse(args); err != nil {
		return o, err
	}
	o.Deprecated = c.deprecated
	return o, errors.Join(append(c.errs, o.validate())...)
}

// declare uses the flag names of kube-controller-manager and controller-runtime where
// they exist.
func (o *Options) declare(flags *pflag.FlagSet) {
	flags.StringVar(&o.Kubeconfig, "kubeconfig", "", "`path` of a kubeconfig; empty: the pod's service account")
	flags.StringVar(&o.ReportAddress, "report-bind-address", ":8080", "`address` where reports are served")
	flags.StringVar(&o.CallbackAddress, "callback-bind-address", ":8090", "`address` where callbacks are served; the URLs of job pods have callbackServicePort")
	flags.StringVar(&o.HealthAddress, "health-probe-bind-address", ":9152", "`address` where /healthz and /readyz are served")
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", ":9153", "`address` where /metrics is served")
	flags.StringVar(&o.PprofAddress, "pprof-bind-address", "", "loopback `address` where profiles are served, such as 127.0.0.1:6060; empty: not served")
	flags.StringVar(&o.AdvertiseAddress, "advertise-address", "", "`host` to which other replicas forward callbacks, on the same ports; empty: they respond with 503 until they lead")
	flags.DurationVar(&o.ShutdownDelay, "shutdown-delay-duration", 5*time.Second, "how long to forward callbacks to the next leader before this process ends")
	flags.StringVar(&o.CallbackKeySecret, "callback-key-secret", "", "`name` of the Secret with the callback key, created if missing; empty: <name>-callback-key")
	flags.StringVar(&o.CallbackKeyDirectory, "callback-key-directory", "", "`directory` where the Secret of --callback-key-secret is mounted; empty: it is read from the API server")
	flags.StringVar(&o.CASecret, "ca-secret", "", "`name` of the Secret with the certificate authority of tls: selfSigned, created if missing; empty: <name>-ca")
	lease := lease.WithDefaultTimings(lease.Options{})
	flags.DurationVar(&o.LeaseDuration, "leader-elect-lease-duration", lease.LeaseDuration, "how long a Lease is valid without renewal")
	flags.DurationVar(&o.RenewDeadline, "leader-elect-renew-deadline", lease.RenewDeadline, "how long the leader tries to renew the Lease")
	flags.DurationVar(&o.RetryPeriod, "leader-elect-retry-period", lease.RetryPeriod, "how long a replica waits between attempts to acquire or renew the Lease")
	flags.TextVar(&o.LogLevel, "log-level", slog.LevelInfo, "lowest logged `level`: "+logLevels)
	flags.StringVar(&o.LogFormat, "logging-format", JSONFormat, "`format` of the log: json or text")
	flags.BoolVar(&o.Version, "version", false, "print the version and exit")
}

// validate returns all errors.
func (o Options) validate() error {
	var errs []error
	if o.LogFormat != JSONFormat && o.LogFormat != TextFormat {
		errs = append(errs, fmt.Errorf("--logging-format %q: must be json or text", o.LogFormat))
	}
	if strings.ContainsAny(o.AdvertiseAddress, "@/ ") || (strings.Contains(o.AdvertiseAddress, ":") && net.ParseIP(o.AdvertiseAddress) == nil) {
		errs = append(errs, fmt.Errorf("--advertise-address %q: must be a host name or an IP address, without a port", o.AdvertiseAddress))
	}
	if err := checkPprofAddress(o.PprofAddress); err != nil {
		errs = append(errs, err)
	}
	if o.ShutdownDelay < 0 {
		errs = append(errs, fmt.Errorf("--shutdown-delay-duration %s: must not be negative", o.ShutdownDelay))
	}
	if o.LeaseDuration%time.Second != 0 {
		errs = append(errs, fmt.Errorf("--leader-elect-lease-duration %s: must be whole seconds: other replicas read it from the Lease, which has no fractions", o.LeaseDuration))
	}
	if o.RetryPeriod <= 0 || o.RenewDeadline <= o.RetryPeriod*12/10 || o.LeaseDuration <= o.RenewDeadline {
		errs = append(errs, fmt.Errorf("--leader-elect-lease-duration %s must be longer than --leader-elect-renew-deadline %s, and that longer than 1.2 times --leader-elect-retry-period %s",
			o.LeaseDuration, o.RenewDeadline, o.RetryPeriod))
	}
	return errors.Join(errs...)
}

// checkPprofAddress accepts only loopback addresses, for local clients and port
// forwarding: profiles reveal the contents of memory.
func checkPprofAddress(address string) error {
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--pprof-bind-address %q: must be host:port: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("--pprof-bind-address %q: must be a loopback address, such as 127.0.0.1:6060 or [::1]:6060", address)
	}
	return nil
}
