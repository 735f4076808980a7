package flags

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

// ValidateCommand is the word that checks a configuration instead of running the controller.
const ValidateCommand = "validate"

// renamedFlags returns the former names of flags, which now follow those of the
// Kubernetes components. They still work, as docs/versioning.md promises.
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

// Deprecated is a flag in a deprecated form.
type Deprecated struct{ Given, Replacement string }

// commandLine parses flags, and collects the errors.
type commandLine struct {
	flags      *pflag.FlagSet
	renamed    map[string]string
	deprecated []Deprecated
	errs       []error
}

func newCommandLine(output io.Writer) *commandLine {
	c := &commandLine{flags: pflag.NewFlagSet("batch-job-controller", pflag.ContinueOnError), renamed: renamedFlags()}
	c.flags.Usage = func() { c.writeUsage(output) }
	return c
}

func (c *commandLine) writeUsage(output io.Writer) {
	fmt.Fprintf(output, "Runs the controller. To check a configuration instead, see \"batch-job-controller %s --help\".\n\n", ValidateCommand)
	fmt.Fprint(output, c.flags.FlagUsages())
	fmt.Fprint(output, "\nDeprecated are names with one dash, such as -log-level, and these names. They work, with a warning in the log.\n")
	for _, old := range slices.Sorted(maps.Keys(c.renamed)) {
		fmt.Fprintf(output, "      --%-29s now --%s\n", old, c.renamed[old])
	}
}

// parse sets the flags. Its only error is pflag.ErrHelp; all other errors are in errs.
func (c *commandLine) parse(args []string) error {
	err := c.flags.ParseAll(c.normalize(args), func(f *pflag.Flag, value string) error {
		if err := f.Value.Set(value); err != nil {
			c.errs = append(c.errs, fmt.Errorf("--%s %q: must be %s: %w", f.Name, value, wanted(f), err))
			return f.Value.Set(f.DefValue) // avoids further errors about the flag
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
		c.errs = append(c.errs, fmt.Errorf("unexpected argument %q", c.flags.Arg(0)))
	}
	if len(c.errs) > 0 {
		c.explainRenamed()
	}
	return nil
}

// normalize gives each flag its current name with two dashes: pflag would take the
// letters of a name after one dash for separate flags. It reports and omits unknown
// flags, because pflag would stop at the first.
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
			c.errs = append(c.errs, fmt.Errorf("%s: unknown flag: see --help", given))
			if !joined && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
				args = args[1:] // probably its value
			}
			continue
		}
		if given != "--"+name {
			c.deprecated = append(c.deprecated, Deprecated{Given: given, Replacement: "--" + name})
		}
		switch {
		case joined:
			normal = append(normal, "--"+name+"="+value)
		case flag.NoOptDefVal == "" && len(args) > 0: // the next argument is the value, even with a dash
			normal = append(normal, "--"+name, args[0])
			args = args[1:]
		default:
			normal = append(normal, "--"+name)
		}
	}
	return normal
}

// explainRenamed explains the current names in errors to a user of former names.
func (c *commandLine) explainRenamed() {
	for _, d := range c.deprecated {
		if strings.TrimLeft(d.Given, "-") != strings.TrimLeft(d.Replacement, "-") {
			c.errs = append(c.errs, fmt.Errorf("%s: renamed to %s", d.Given, d.Replacement))
		}
	}
}

// wanted describes the valid values of a flag that does not accept every text.
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
