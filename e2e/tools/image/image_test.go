package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const testTag = "localhost/batch-job-controller:dev"

// writeProgram writes the header of a program: the tool reads no more.
func writeProgram(t *testing.T, machine elf.Machine, segments ...elf.ProgType) string {
	t.Helper()
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Ehsize: 64, Phoff: 64, Phentsize: 56, Phnum: uint16(len(segments)), Shentsize: 64,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, header); err != nil {
		t.Fatal(err)
	}
	for _, segment := range segments {
		if err := binary.Write(&b, binary.LittleEndian, elf.Prog64{Type: uint32(segment)}); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, b.Bytes(), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// build runs the tool and returns the archive.
func build(t *testing.T, args ...string) string {
	t.Helper()
	output := filepath.Join(t.TempDir(), "image.tar")
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), append([]string{"-o", output, "-tag", testTag}, args...), "", &stdout, &stderr); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	return output
}

func load(t *testing.T, archive string) v1.Image {
	t.Helper()
	tag, err := name.NewTag(testTag)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(archive, &tag)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestSameBinarySameImage(t *testing.T) {
	program := writeProgram(t, elf.EM_X86_64)
	labelled := func(order ...string) []string { return append([]string{"-binary", program}, order...) }
	first := build(t, labelled("-label", "a=1", "-label", "b=2")...)
	later := time.Now().Add(48 * time.Hour)
	if err := os.Chtimes(program, later, later); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(program, 0o600); err != nil {
		t.Fatal(err)
	}
	second := build(t, labelled("-label", "b=2", "-label", "a=1")...)
	other := build(t, labelled("-label", "a=3")...)
	if !bytes.Equal(read(t, first), read(t, second)) {
		t.Error("the same binary gave two images")
	}
	if bytes.Equal(read(t, first), read(t, other)) {
		t.Error("a label changes nothing")
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestImage(t *testing.T) {
	program := writeProgram(t, elf.EM_AARCH64)
	image := load(t, build(t, "-binary", program, "-label", "org.opencontainers.image.revision=abc=def"))
	if err := validate.Image(image); err != nil {
		t.Error(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Architecture != "arm64" {
		t.Errorf("the image is for %s/%s", config.OS, config.Architecture)
	}
	if got := config.Config.Labels["org.opencontainers.image.revision"]; got != "abc=def" {
		t.Errorf("the label of the command line is %q", got)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 1 {
		t.Fatalf("%d layers, want 1", len(layers))
	}

	want := []string{
		"batch-job-controller -r-xr-xr-x 0:0",
		"etc/ drwxr-xr-x 0:0",
		"etc/group -r--r--r-- 0:0",
		"etc/passwd -r--r--r-- 0:0",
		"var/ drwxr-xr-x 0:0",
		"var/www/ drwxr-xr-x 65532:65532",
	}
	var got []string
	for header, content := range filesOf(t, layers[0]) {
		got = append(got, fmt.Sprintf("%s %s %d:%d", header.Name, header.FileInfo().Mode(), header.Uid, header.Gid))
		if !header.ModTime.Equal(epoch()) {
			t.Errorf("%s was changed %s", header.Name, header.ModTime)
		}
		if header.Name == "batch-job-controller" && !bytes.Equal(content, read(t, program)) {
			t.Error("the program differs")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the layer has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// filesOf yields the files of a layer, in order.
func filesOf(t *testing.T, layer v1.Layer) func(yield func(*tar.Header, []byte) bool) {
	t.Helper()
	content, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(*tar.Header, []byte) bool) {
		defer content.Close() //nolint:errcheck // it was only read
		archive := tar.NewReader(content)
		for {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			data, err := io.ReadAll(archive)
			if err != nil {
				t.Error(err)
			}
			if !yield(header, data) {
				return
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	program := writeProgram(t, elf.EM_X86_64)
	output := filepath.Join(t.TempDir(), "image.tar")
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args  []string
		epoch string

		want string
	}{
		"no output":                      {args: []string{"-tag", testTag, "-binary", program}, want: "-o, -tag and -binary"},
		"no tag":                         {args: []string{"-o", output, "-binary", program}, want: "-o, -tag and -binary"},
		"no program":                     {args: []string{"-o", output, "-tag", testTag}, want: "-o, -tag and -binary"},
		"an argument that is not a flag": {args: []string{"-o", output, "-tag", testTag, "-binary", program, "x"}, want: "nothing but flags"},
		"a name without a tag":           {args: []string{"-o", output, "-tag", "localhost/x", "-binary", program}, want: "tag"},
		"an unknown format":              {args: []string{"-o", output, "-tag", testTag, "-binary", program, "-format", "zip"}, want: "docker or oci"},
		"two programs for docker":        {args: []string{"-o", output, "-tag", testTag, "-binary", program, "-binary", program}, want: "need -format oci"},
		"docker and a registry":          {args: []string{"-o", output, "-tag", testTag, "-binary", program, "-push"}, want: "need -format oci"},
		"two programs for one processor": {args: []string{"-o", output, "-tag", testTag, "-format", "oci", "-binary", program, "-binary", program}, want: "second program for amd64"},
		"an invalid time":                {args: []string{"-o", output, "-tag", testTag, "-binary", program}, epoch: "today", want: "seconds since 1970"},
		"a label without a value":        {args: []string{"-label", "x"}, want: "key=value"},
		"a missing program":              {args: []string{"-o", output, "-tag", testTag, "-binary", "/nowhere"}, want: "no such file"},
		"a script":                       {args: []string{"-o", output, "-tag", testTag, "-binary", script}, want: "not a program for Linux"},
		"a program that needs a loader":  {args: []string{"-o", output, "-tag", testTag, "-binary", writeProgram(t, elf.EM_X86_64, elf.PT_INTERP)}, want: "CGO_ENABLED=0"},
		"a program for another computer": {args: []string{"-o", output, "-tag", testTag, "-binary", writeProgram(t, elf.EM_68K)}, want: "EM_68K"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), tc.args, tc.epoch, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if _, err := os.Stat(output); err == nil {
				t.Error("an archive was written")
			}
		})
	}
}

func TestDockerfileAgrees(t *testing.T) {
	text := string(read(t, "../../../Dockerfile"))
	image := load(t, build(t, "-binary", writeProgram(t, elf.EM_X86_64)))
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	last := lastStage(text)
	config := file.Config
	if want := []string{config.User}; !slices.Equal(last["USER"], want) {
		t.Errorf("USER is %q, want %q", last["USER"], want)
	}
	if want := []string{fmt.Sprintf("[%q]", config.Entrypoint[0])}; !slices.Equal(last["ENTRYPOINT"], want) || len(config.Entrypoint) != 1 {
		t.Errorf("ENTRYPOINT is %q, want %q", last["ENTRYPOINT"], want)
	}
	var ports []string
	for _, port := range strings.Fields(strings.Join(last["EXPOSE"], " ")) {
		ports = append(ports, port+"/tcp")
	}
	if want := slices.Sorted(maps.Keys(config.ExposedPorts)); !slices.Equal(slices.Sorted(slices.Values(ports)), want) {
		t.Errorf("EXPOSE is %q, want %q", ports, want)
	}
	labels := strings.Join(last["LABEL"], " ")
	for key, value := range config.Labels {
		if want := fmt.Sprintf("%s=%q", key, value); !strings.Contains(labels, want) {
			t.Errorf("LABEL is %s, without %s", labels, want)
		}
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	copies := strings.Join(last["COPY"], "\n")
	for header, content := range filesOf(t, layers[0]) {
		switch header.Name {
		case "etc/passwd", "etc/group":
			if want := fmt.Sprintf("echo '%s' > /out/%s", bytes.TrimSpace(content), header.Name); !strings.Contains(text, want) {
				t.Errorf("no %s", want)
			}
		case "batch-job-controller", "var/www/":
			wants := []string{
				fmt.Sprintf("--chown=%d:%d --chmod=%04o", header.Uid, header.Gid, header.Mode),
				" /" + strings.TrimSuffix(header.Name, "/"),
			}
			if !slices.ContainsFunc(strings.Split(copies, "\n"), func(line string) bool {
				return strings.Contains(line, wants[0]) && strings.HasSuffix(line, wants[1])
			}) {
				t.Errorf("COPY has no %q among\n%s", wants, copies)
			}
		}
	}
}

// lastStage returns the arguments of the instructions in a Dockerfile's last stage, by
// instruction.
func lastStage(text string) map[string][]string {
	stage := map[string][]string{}
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", "")) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if word == "FROM" {
			clear(stage)
		}
		stage[word] = append(stage[word], strings.TrimSpace(rest))
	}
	return stage
}
