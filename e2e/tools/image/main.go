package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

type options struct {
	output string
	tag    string
	binary string
	labels labels
}

// labels is a flag that may be given many times.
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

func run(args []string, stdout, stderr io.Writer) error {
	o := options{labels: labels{}}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.output, "o", "", "file to write the archive to")
	flags.StringVar(&o.tag, "tag", "", "name of the image, with a tag")
	flags.StringVar(&o.binary, "binary", "", "the program: a Linux binary that needs no loader")
	flags.Var(o.labels, "label", "label of the image, as key=value; may be given many times")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.output == "" || o.tag == "" || o.binary == "" || flags.NArg() > 0 {
		return errors.New("-o, -tag and -binary must be given, and nothing but flags")
	}
	tag, err := name.NewTag(o.tag, name.StrictValidation)
	if err != nil {
		return err
	}
	image, err := assemble(o)
	if err != nil {
		return err
	}
	if err := write(o.output, tag, image); err != nil {
		return fmt.Errorf("write %s: %w", o.output, err)
	}
	id, err := image.ConfigName() // what docker and crictl show
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, tag, id)
	return nil
}

func write(file string, tag name.Tag, image v1.Image) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return tarball.Write(tag, image, f)
}
