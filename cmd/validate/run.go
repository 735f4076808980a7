package validate

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// The exit statuses.
const (
	exitValid   = 0
	exitInvalid = 1
	exitMisused = 2
)

// Run is the subcommand: it checks the files of the arguments, writes findings to
// stderr, and returns the exit status.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return run(args, stdin, stdout, stderr, time.Now())
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer, now time.Time) int {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitValid
	}
	var inputs []Input
	if err == nil {
		inputs, err = o.read(stdin)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitMisused
	}
	var results []*Result
	status := exitValid
	for _, in := range inputs {
		result := Check(in, now)
		result.WriteFindings(stderr)
		if !result.Valid() {
			status = exitInvalid
		}
		results = append(results, result)
	}
	if status != exitValid {
		return status
	}
	if err := o.write(results, stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return exitInvalid
	}
	return exitValid
}

// write writes the summaries of valid configurations, or their Jobs.
func (o *options) write(results []*Result, stdout io.Writer) error {
	write, between := (*Result).WriteSummary, "\n"
	if o.output == outputJob {
		write, between = (*Result).WriteJob, "---\n"
	}
	for i, result := range results {
		if i > 0 {
			if _, err := io.WriteString(stdout, between); err != nil {
				return err
			}
		}
		if err := write(result, stdout); err != nil {
			return err
		}
	}
	return nil
}
