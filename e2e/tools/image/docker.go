package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// writeDocker writes an archive of one image, and prints its name and its ID.
func writeDocker(file string, tag name.Tag, image v1.Image, stdout io.Writer) error {
	err := create(file, func(f *os.File) error { return tarball.Write(tag, image, f) })
	if err != nil {
		return err
	}
	id, err := image.ConfigName() // what docker and crictl show
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, tag, id)
	return nil
}

func create(file string, write func(*os.File) error) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = fmt.Errorf("write %s: %w", file, err)
		}
	}()
	return write(f)
}
