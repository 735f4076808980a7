package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestArchives(t *testing.T) {
	date := time.Unix(1764000000, 0)
	entries := []entry{{"LICENSE", 0o644, []byte("free")}, {"program", 0o755, []byte("runs")}}
	want := []string{"LICENSE -rw-r--r-- free 2025-11-24T16:00:00Z", "program -rwxr-xr-x runs 2025-11-24T16:00:00Z"}
	tests := map[string]struct {
		pack func(io.Writer, []entry, time.Time) error
		list func([]byte) ([]string, error)
	}{
		"a tar": {packTar, listTar},
		"a zip": {packZip, listZip},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var first, second bytes.Buffer
			if err := errors.Join(tc.pack(&first, entries, date), tc.pack(&second, entries, date.In(time.FixedZone("far", 12*3600)))); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Error("the same files gave two archives")
			}
			got, err := tc.list(first.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func describe(info fs.FileInfo, content []byte) string {
	return fmt.Sprintf("%s %s %s %s", info.Name(), info.Mode(), content, info.ModTime().UTC().Format(dateFormat))
}

func listTar(data []byte) (list []string, err error) {
	content, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	archive := tar.NewReader(content)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		list = append(list, describe(header.FileInfo(), data))
	}
}

func listZip(data []byte) (list []string, err error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	for _, file := range archive.File {
		content, err := file.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(content)
		if err != nil {
			return nil, err
		}
		list = append(list, describe(file.FileInfo(), data))
	}
	return list, nil
}
