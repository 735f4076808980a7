package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// newLayer returns the only layer: the program, its user, and the report directory, which
// is writable for the user even without a volume.
func newLayer(binary string, kind types.MediaType) (v1.Layer, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	entries := []entry{
		{name: "batch-job-controller", mode: 0o555, content: content},
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o444, content: fmt.Appendf(nil, "nonroot:x:%d:\n", uid)},
		{name: "etc/passwd", mode: 0o444, content: fmt.Appendf(nil, "nonroot:x:%d:%d:nonroot:/:/sbin/nologin\n", uid, uid)},
		{name: "var/", mode: 0o755},
		{name: "var/www/", mode: 0o755, owner: uid},
	}
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	for _, e := range entries {
		if err := e.write(archive); err != nil {
			return nil, fmt.Errorf("add /%s: %w", e.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("close layer: %w", err)
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layer.Bytes())), nil
	}, tarball.WithCompressedCaching, tarball.WithMediaType(kind))
}

// entry is a file, or a directory if its name ends in a slash.
type entry struct {
	name    string
	mode    int64
	owner   int // and group
	content []byte
}

func (e entry) write(archive *tar.Writer) error {
	header := &tar.Header{
		Name: e.name, Mode: e.mode, Uid: e.owner, Gid: e.owner,
		Size: int64(len(e.content)), ModTime: epoch(), Format: tar.FormatUSTAR,
		Typeflag: tar.TypeReg,
	}
	if e.name[len(e.name)-1] == '/' {
		header.Typeflag = tar.TypeDir
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(e.content)
	return err
}
