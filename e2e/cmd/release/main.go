package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// options are the options of the command line.
type options struct {
	version    string
	output     string
	repository string // of the image, without a tag
	push       bool
	log        io.Writer
}

// version matches the versions that the Go command accepts as a tag of this module: a
// major version above 1 would need another module path.
var version = regexp.MustCompile(`^v[01]\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{log: stderr}
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.version, "version", "", "version of the release, such as v1.2.3")
	flags.StringVar(&o.output, "o", "dist", "output directory, which must be empty or missing")
	flags.StringVar(&o.repository, "repository", "ghcr.io/batch-job-controller/batch-job-controller", "name of the image, without a tag")
	flags.BoolVar(&o.push, "push", false, "also push the image to its repository")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if !version.MatchString(o.version) {
		return o, fmt.Errorf("-version: %q: must be like v1.2.3 or v1.2.3-rc.1, of major version 0 or 1: make release VERSION=v1.2.3", o.version)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q: must be a flag: the command takes no arguments", flags.Arg(0))
	}
	return o, nil
}

// release is the state that the steps share.
type release struct {
	options
	source    source
	programs  []program
	reference string // of the image, with its digest
}

func run(ctx context.Context, args []string, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if err := makeEmpty(o.output); err != nil {
		return err
	}
	copied, err := copySource(ctx, o.version)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.remove()) }()
	r := &release{options: o, source: copied}
	if given := os.Getenv(epochVariable); given != "" {
		seconds, err := strconv.ParseInt(given, 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %q: must be a number of seconds since 1970", epochVariable, given)
		}
		r.source.date = time.Unix(seconds, 0).UTC()
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"programs", r.buildPrograms},
		{"archives", r.packPrograms},
		{"image", r.packImage},
		{"manifests", r.renderManifests},
		{"plugin manifest", r.writePlugin},
		{"bill of materials", r.writeMaterials},
		{"checksums", r.writeSums},
	} {
		fmt.Fprintln(o.log, "release:", step.what)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	fmt.Fprintf(o.log, "release: %s of commit %s is in %s\n", o.version, r.source.commit, o.output)
	return nil
}

// makeEmpty creates the directory. It rejects one with files, which would not be part of
// this release.
func makeEmpty(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: it has %s", dir, entries[0].Name())
	}
	return nil
}
