package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// renamedFlags returns the names that flags had before they followed those of the
// Kubernetes components. They keep working, as docs/versioning.md promises.
func renamedFlags() map[string]string {
	return map[string]string{
		"callback-address":      "callback-bind-address",
		"drain":                 "shutdown-delay-duration",
		"health-address":        "health-probe-bind-address",
		"leader-lease-duration": "leader-elect-lease-duration",
		"leader-renew-deadline": "leader-elect-renew-deadline",
		"leader-retry-period":   "leader-elect-retry-period",
		"log-format":            "logging-format",
		"metrics-address":       "metrics-bind-address",
		"pprof-address":         "pprof-bind-address",
		"report-address":        "report-bind-address",
	}
}

// deprecatedFlag is a flag that was given in a form that is to go.
type deprecatedFlag struct{ given, replacement string }

// commandLine reads flags, and collects what is wrong with them.
type commandLine struct {
	flags      *pflag.FlagSet
	renamed    map[string]string
	deprecated []deprecatedFlag
	errs       []error
}

func newCommandLine(output io.Writer) *commandLine {
	c := &commandLine{flags: pflag.NewFlagSet("batch-job-controller", pflag.ContinueOnError), renamed: renamedFlags()}
	c.flags.Usage = func() { c.writeUsage(output) }
	return c
}

func (c *commandLine) writeUsage(output io.Writer) {
	fmt.Fprintf(output, "Runs the controller. \"batch-job-controller %s --help\" tells how to check a configuration instead.\n\n", validateCommand)
	fmt.Fprint(output, c.flags.FlagUsages())
	fmt.Fprint(output, "\nDeprecated: a name with one dash, such as -log-level, and these names. They work, with a warning in the log.\n")
	for _, old := range slices.Sorted(maps.Keys(c.renamed)) {
		fmt.Fprintf(output, "      --%-29s now --%s\n", old, c.renamed[old])
	}
}

// parse sets the flags. The error is pflag.ErrHelp alone, if help was asked for; all
// else that is wrong is in errs.
func (c *commandLine) parse(args []string) error {
	err := c.flags.ParseAll(c.normalize(args), func(f *pflag.Flag, value string) error {
		if err := f.Value.Set(value); err != nil {
			c.errs = append(c.errs, fmt.Errorf("--%s %q: must be %s: %w", f.Name, value, wanted(f), err))
			return f.Value.Set(f.DefValue) // so that nothing else is wrong with it
		}
		return nil
	})
	var lacking *pflag.ValueRequiredError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &lacking):
		kind, _ := pflag.UnquoteUsage(lacking.GetFlag())
		c.errs = append(c.errs, fmt.Errorf("--%s: has no value: must be --%[1]s=<%s>", lacking.GetSpecifiedName(), kind))
	case err != nil:
		c.errs = append(c.errs, err)
	}
	if c.flags.NArg() > 0 {
		c.errs = append(c.errs, fmt.Errorf("argument %q: none is expected", c.flags.Arg(0)))
	}
	if len(c.errs) > 0 {
		c.explainRenamed()
	}
	return nil
}

// normalize gives each flag its name of today, with two dashes: pflag would take the
// letters of a name behind one dash for flags of their own. Those that do not exist
// are noted and left out, as pflag would stop at the first.
func (c *commandLine) normalize(args []string) []string {
	normal := make([]string, 0, len(args))
	for len(args) > 0 {
		given, value, joined := strings.Cut(args[0], "=")
		name := strings.TrimPrefix(strings.TrimPrefix(given, "-"), "-")
		switch {
		case given == "--":
			return append(normal, args...)
		case name == given || name == "": // an argument
			normal, args = append(normal, args[0]), args[1:]
			continue
		case name == "h" || name == "help":
			return []string{"--help"}
		}
		args = args[1:]
		name = cmp.Or(c.renamed[name], name)
		flag := c.flags.Lookup(name)
		if flag == nil {
			c.errs = append(c.errs, fmt.Errorf("%s: no such flag: --help shows all", given))
			if !joined && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
				args = args[1:] // most likely its value
			}
			continue
		}
		if given != "--"+name {
			c.deprecated = append(c.deprecated, deprecatedFlag{given: given, replacement: "--" + name})
		}
		switch {
		case joined:
			normal = append(normal, "--"+name+"="+value)
		case flag.NoOptDefVal == "" && len(args) > 0: // the value is the next one, whatever it looks like
			normal = append(normal, "--"+name, args[0])
			args = args[1:]
		default:
			normal = append(normal, "--"+name)
		}
	}
	return normal
}

// explainRenamed leads from the names that errors speak of back to those that were
// given.
func (c *commandLine) explainRenamed() {
	for _, d := range c.deprecated {
		if strings.TrimLeft(d.given, "-") != strings.TrimLeft(d.replacement, "-") {
			c.errs = append(c.errs, fmt.Errorf("%s: its name is %s now", d.given, d.replacement))
		}
	}
}

// wanted says what a flag takes that does not take every text.
func wanted(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "duration":
		return "a duration such as 10s"
	case "bool":
		return "true or false"
	default:
		return logLevels
	}
}
