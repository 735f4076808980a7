package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWrite(t *testing.T) {
	source := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(source, []byte("binary"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	err := Write(file, Image{
		Name:       "localhost/test:1",
		Entrypoint: []string{"/usr/bin/program"},
		Files: []File{
			{Path: "/usr/bin/program", Source: source},
			{Path: "/bin", Link: "usr/bin"},
			{Path: "/tmp", Dir: true, Mode: 0o1777},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	entries := untar(t, archive)

	var manifest []manifestEntry
	if err := json.Unmarshal(entries["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 || !slices.Equal(manifest[0].RepoTags, []string{"localhost/test:1"}) {
		t.Fatalf("manifest is %+v", manifest)
	}
	var config struct {
		Config struct{ Entrypoint []string }
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(entries[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	layer := entries[manifest[0].Layers[0]]
	if want := "sha256:" + digest(layer); !slices.Equal(config.RootFS.DiffIDs, []string{want}) {
		t.Errorf("layer's digest is %q, want %q", config.RootFS.DiffIDs, want)
	}
	files := untar(t, layer)
	if string(files["usr/bin/program"]) != "binary" {
		t.Errorf("layer's files are %q", files)
	}
	for _, name := range []string{"usr/", "usr/bin/", "bin", "tmp/"} {
		if _, ok := files[name]; !ok {
			t.Errorf("no %s in the layer", name)
		}
	}
}

func untar(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	reader := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParseLdd(t *testing.T) {
	tests := map[string]struct {
		out     string
		want    []string
		wantErr bool
	}{
		"libraries and the loader": {
			out:  "\tlinux-vdso.so.1 (0x1)\n\tlibz.so.1 => /lib/libz.so.1 (0x2)\n\t/lib64/ld-linux.so.2 (0x3)\n",
			want: []string{"/lib/libz.so.1", "/lib64/ld-linux.so.2"},
		},
		"a missing library": {out: "\tlibx.so => not found\n", wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseLdd(tc.out)
			if (err != nil) != tc.wantErr || !slices.Equal(got, tc.want) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
