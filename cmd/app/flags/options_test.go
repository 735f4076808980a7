package flags

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite the golden files")
	os.Exit(m.Run())
}

func TestFlags(t *testing.T) {
	was := func(pairs ...string) (all []Deprecated) {
		for pair := range slices.Chunk(pairs, 2) {
			all = append(all, Deprecated{Given: pair[0], Replacement: pair[1]})
		}
		return all
	}
	tests := map[string]struct {
		args []string
		want func(*Options)
	}{
		"the defaults": {want: func(*Options) {}},
		"the names of today, with values joined and apart": {
			args: []string{"--report-bind-address=:1", "--callback-bind-address", ":2", "--logging-format=text", "--log-level", "debug", "--version"},
			want: func(o *Options) {
				o.ReportAddress, o.CallbackAddress, o.LogFormat, o.LogLevel, o.Version = ":1", ":2", "text", slog.LevelDebug, true
			},
		},
		"the manifests of before": {
			args: []string{"-advertise-address=10.0.0.1", "-callback-key-secret=key", "-callback-key-directory=/key", "-ca-secret=ca"},
			want: func(o *Options) {
				o.AdvertiseAddress, o.CallbackKeySecret, o.CallbackKeyDirectory, o.CASecret = "10.0.0.1", "key", "/key", "ca"
				o.Deprecated = was("-advertise-address", "--advertise-address", "-callback-key-secret", "--callback-key-secret",
					"-callback-key-directory", "--callback-key-directory", "-ca-secret", "--ca-secret")
			},
		},
		"all old names": {
			args: []string{
				"-report-address=:1", "-callback-address", ":2", "-health-address=:3", "-metrics-address=:4", "-pprof-address=127.0.0.1:5",
				"-drain=6s", "-leader-lease-duration=9s", "-leader-renew-deadline", "8s", "-leader-retry-period=2s", "-log-format=text",
			},
			want: func(o *Options) {
				o.ReportAddress, o.CallbackAddress, o.HealthAddress, o.MetricsAddress, o.PprofAddress = ":1", ":2", ":3", ":4", "127.0.0.1:5"
				o.ShutdownDelay, o.LeaseDuration, o.RenewDeadline, o.RetryPeriod, o.LogFormat = 6*time.Second, 9*time.Second, 8*time.Second, 2*time.Second, "text"
				o.Deprecated = was("-report-address", "--report-bind-address", "-callback-address", "--callback-bind-address",
					"-health-address", "--health-probe-bind-address", "-metrics-address", "--metrics-bind-address",
					"-pprof-address", "--pprof-bind-address", "-drain", "--shutdown-delay-duration",
					"-leader-lease-duration", "--leader-elect-lease-duration", "-leader-renew-deadline", "--leader-elect-renew-deadline",
					"-leader-retry-period", "--leader-elect-retry-period", "-log-format", "--logging-format")
			},
		},
		"an old name with two dashes": {
			args: []string{"--drain=1s"},
			want: func(o *Options) {
				o.ShutdownDelay, o.Deprecated = time.Second, was("--drain", "--shutdown-delay-duration")
			},
		},
		"a name of today with one dash": {
			args: []string{"-shutdown-delay-duration", "1s", "-version=true"},
			want: func(o *Options) {
				o.ShutdownDelay, o.Version = time.Second, true
				o.Deprecated = was("-shutdown-delay-duration", "--shutdown-delay-duration", "-version", "--version")
			},
		},
		"the last one counts, under whatever name": {
			args: []string{"-drain=1s", "--shutdown-delay-duration=2s"},
			want: func(o *Options) {
				o.ShutdownDelay, o.Deprecated = 2*time.Second, was("-drain", "--shutdown-delay-duration")
			},
		},
		"a value that looks like a flag": {
			args: []string{"--callback-key-secret", "-drain", "--ca-secret=--x=y"},
			want: func(o *Options) { o.CallbackKeySecret, o.CASecret = "-drain", "--x=y" },
		},
		"an empty value": {args: []string{"--report-bind-address="}, want: func(o *Options) { o.ReportAddress = "" }},
		"nothing behind": {args: []string{"--version", "--"}, want: func(o *Options) { o.Version = true }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want, err := Parse(nil, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			tt.want(&want)
			got, err := Parse(tt.args, io.Discard)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWrongFlags(t *testing.T) {
	tests := map[string]struct {
		args []string
		want []string // all of the error, by line
	}{
		"a flag that does not exist": {[]string{"--nosuch=x"}, []string{"--nosuch: unknown flag: see --help"}},
		"its value is no argument":   {[]string{"-nosuch", "x"}, []string{"-nosuch: unknown flag: see --help"}},
		"letters that are no flags":  {[]string{"-v", "-vh"}, []string{"-v: unknown flag: see --help", "-vh: unknown flag: see --help"}},
		"three dashes":               {[]string{"---drain=1s"}, []string{"---drain: unknown flag: see --help"}},
		"an argument":                {[]string{"serve"}, []string{`unexpected argument "serve"`}},
		"an argument behind":         {[]string{"--", "--drain"}, []string{`unexpected argument "--drain"`}},
		"a dash":                     {[]string{"-"}, []string{`unexpected argument "-"`}},
		"no value":                   {[]string{"--kubeconfig"}, []string{"--kubeconfig: has no value: must be --kubeconfig=<path>"}},
		"no duration":                {[]string{"--leader-elect-lease-duration=x"}, []string{`--leader-elect-lease-duration "x": must be a duration such as 10s: time: invalid duration "x"`}},
		"neither true nor false":     {[]string{"--version=maybe"}, []string{`--version "maybe": must be true or false: strconv.ParseBool: parsing "maybe": invalid syntax`}},
		"everything at once, under the names that were given": {
			[]string{"-drain=5", "--nosuch", "3", "serve", "-log-level", "loud", "--logging-format=xml", "-leader-renew-deadline", "1h", "--kubeconfig"},
			[]string{
				"--nosuch: unknown flag: see --help",
				`--shutdown-delay-duration "5": must be a duration such as 10s: time: missing unit in duration "5"`,
				`--log-level "loud": must be debug, info, warn or error: slog: level string "loud": unknown name`,
				"--kubeconfig: has no value: must be --kubeconfig=<path>",
				`unexpected argument "serve"`,
				"-drain: renamed to --shutdown-delay-duration",
				"-leader-renew-deadline: renamed to --leader-elect-renew-deadline",
				`--logging-format "xml": must be json or text`,
				"--leader-elect-lease-duration 15s must be longer than --leader-elect-renew-deadline 1h0m0s, and that longer than 1.2 times --leader-elect-retry-period 1s",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			_, err := Parse(tt.args, &output)
			if err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(tt.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if output.Len() > 0 {
				t.Errorf("besides the error there is %s", &output)
			}
		})
	}
}

func TestProfilesAreServedOnALoopbackAddressOnly(t *testing.T) {
	tests := map[string]struct {
		address string
		want    string // of the error
	}{
		"not asked for":                         {address: ""},
		"IPv4":                                  {address: "127.0.0.1:6060"},
		"another one of IPv4":                   {address: "127.8.9.10:0"},
		"IPv6":                                  {address: "[::1]:6060"},
		"all addresses":                         {address: ":6060", want: "loopback"},
		"all of IPv4":                           {address: "0.0.0.0:6060", want: "loopback"},
		"all of IPv6":                           {address: "[::]:6060", want: "loopback"},
		"the pod's address":                     {address: "10.0.0.1:6060", want: "loopback"},
		"a name, which may resolve to anything": {address: "localhost:6060", want: "loopback"},
		"no port":                               {address: "127.0.0.1", want: "host:port"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			_, err := Parse([]string{"--pprof-bind-address", tt.address}, &output)
			if tt.want == "" && err != nil {
				t.Errorf("got %v", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "--pprof-bind-address")) {
				t.Errorf("got %v, want an error that says %q", err, tt.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	const golden = "testdata/help.golden.txt"
	for _, args := range [][]string{{"-h"}, {"--help"}, {"-help"}, {"--h"}, {"--nosuch", "--log-level=x", "--help"}} {
		var output bytes.Buffer
		if _, err := Parse(args, &output); !errors.Is(err, pflag.ErrHelp) {
			t.Errorf("%v: got %v", args, err)
		}
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.WriteFile(golden, output.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), output.String()); diff != "" {
			t.Errorf("%v differs from %s, which -update rewrites (-want +got):\n%s", args, golden, diff)
		}
	}
}

func TestEveryFlagIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.FromSlash("../../../docs/configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	c := newCommandLine(io.Discard)
	new(Options).declare(c.flags)
	c.flags.VisitAll(func(f *pflag.Flag) {
		if !bytes.Contains(text, []byte("| `--"+f.Name+"`")) {
			t.Errorf("docs/configuration.md has no row for --%s", f.Name)
		}
	})
	for old, name := range renamedFlags() {
		if !bytes.Contains(text, []byte("`-"+old+"`")) {
			t.Errorf("docs/configuration.md does not say that -%s is --%s", old, name)
		}
		if c.flags.Lookup(name) == nil || c.flags.Lookup(old) != nil {
			t.Errorf("-%s is said to be --%s", old, name)
		}
	}
}
