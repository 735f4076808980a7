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
	var in Input
	if err == nil {
		in, err = o.read(stdin)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitMisused
	}
	result := Check(in, now)
	result.WriteFindings(stderr)
	if !result.Valid() {
		return exitInvalid
	}
	write := result.WriteSummary
	if o.output == outputJob {
		write = result.WriteJob
	}
	if err := write(stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return exitInvalid
	}
	return exitValid
}
