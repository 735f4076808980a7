package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv(epochVariable), os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// epochVariable is the creation time of the image, in seconds since 1970, as for any
// reproducible build: https://reproducible-builds.org/specs/source-date-epoch
const epochVariable = "SOURCE_DATE_EPOCH"

type options struct {
	output   string
	tag      string
	format   string
	push     bool
	binaries binaries
	labels   labels
	created  time.Time
}

// The formats of archives.
const (
	dockerFormat = "docker" // one platform: any version of `docker load` accepts it
	ociFormat    = "oci"    // any number of platforms
)

// binaries is a flag that may be repeated.
type binaries []string

func (b *binaries) String() string { return "" }

func (b *binaries) Set(text string) error {
	*b = append(*b, text)
	return nil
}

// labels is a flag that may be repeated.
type labels map[string]string

func (l labels) String() string { return "" }

func (l labels) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return errors.New("must be key=value")
	}
	l[key] = value
	return nil
}

func run(ctx context.Context, args []string, epoch string, stdout, stderr io.Writer) error {
	o, err := parse(args, epoch, stderr)
	if err != nil {
		return err
	}
	tag, err := name.NewTag(o.tag, name.StrictValidation)
	if err != nil {
		return err
	}
	images, err := assembleAll(o)
	if err != nil {
		return err
	}
	if o.format == dockerFormat {
		return writeDocker(o.output, tag, images[0], stdout)
	}
	index, err := indexOf(images)
	if err != nil {
		return err
	}
	if err := writeOCI(o, tag, index, stdout); err != nil {
		return err
	}
	if o.push {
		return pushIndex(ctx, tag, index)
	}
	return nil
}

func parse(args []string, epoch string, stderr io.Writer) (options, error) {
	o := options{labels: labels{}, created: time.Unix(0, 0).UTC()}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.output, "o", "", "file to write the archive to")
	flags.StringVar(&o.tag, "tag", "", "name of the image, with a tag")
	flags.StringVar(&o.format, "format", dockerFormat, "format of the archive: docker, for one platform, or oci")
	flags.BoolVar(&o.push, "push", false, "also push the image to the registry in its name; needs -format oci")
	flags.Var(&o.binaries, "binary", "the program: a Linux binary that needs no loader; may be repeated, once for each architecture")
	flags.Var(o.labels, "label", "label of the image, as key=value; may be repeated")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return o, fmt.Errorf("%s: %q: must be the seconds since 1970", epochVariable, epoch)
		}
		o.created = time.Unix(seconds, 0).UTC()
	}
	switch {
	case o.output == "" || o.tag == "" || len(o.binaries) == 0 || flags.NArg() > 0:
		return o, errors.New("-o, -tag and -binary must be given, and nothing but flags")
	case o.format != dockerFormat && o.format != ociFormat:
		return o, fmt.Errorf("-format: %q: must be %s or %s", o.format, dockerFormat, ociFormat)
	case o.format == dockerFormat && (len(o.binaries) > 1 || o.push):
		return o, fmt.Errorf("more than one -binary, and -push, need -format %s", ociFormat)
	}
	return o, nil
}
