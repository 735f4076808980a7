package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const testEpoch = "1764000000"

// buildOCI runs the tool, and returns the archive and the digest that it prints.
func buildOCI(t *testing.T, tag string, args ...string) (archive, digest string) {
	t.Helper()
	archive = filepath.Join(t.TempDir(), "image.tar")
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), append([]string{"-o", archive, "-tag", tag, "-format", "oci"}, args...), testEpoch, &stdout, &stderr)
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	printed := strings.Fields(stdout.String())
	if len(printed) != 2 || printed[0] != tag {
		t.Fatalf("printed %q, want the name and the digest", &stdout)
	}
	return archive, printed[1]
}

// unpack unpacks an archive and reads it as a layout.
func unpack(t *testing.T, archive string) v1.ImageIndex {
	t.Helper()
	dir := t.TempDir()
	content := tar.NewReader(bytes.NewReader(read(t, archive)))
	for {
		header, err := content.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, header.Name)
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(file, 0o755)
		} else {
			var data []byte
			data, err = io.ReadAll(content)
			err = errors.Join(err, os.WriteFile(file, data, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func TestOCIArchiveHasAllPlatforms(t *testing.T) {
	programs := []string{"-binary", writeProgram(t, elf.EM_AARCH64), "-binary", writeProgram(t, elf.EM_X86_64)}
	archive, digest := buildOCI(t, testTag, programs...)
	outer, err := unpack(t, archive).IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(outer.Manifests) != 1 || outer.Manifests[0].Digest.String() != digest {
		t.Fatalf("the archive has %v, want %s only", outer.Manifests, digest)
	}
	for key, want := range map[string]string{"org.opencontainers.image.ref.name": "dev", "io.containerd.image.name": testTag} {
		if got := outer.Manifests[0].Annotations[key]; got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	index, err := unpack(t, archive).ImageIndex(outer.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	inner, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, manifest := range inner.Manifests {
		got = append(got, manifest.Platform.String())
		image, err := index.Image(manifest.Digest)
		if err != nil {
			t.Fatal(err)
		}
		checkOCIImage(t, image, manifest.Platform.Architecture)
	}
	if want := "[linux/amd64 linux/arm64]"; fmt.Sprint(got) != want {
		t.Errorf("platforms: got %v, want %s", got, want)
	}
}

func checkOCIImage(t *testing.T, image v1.Image, architecture string) {
	t.Helper()
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.MediaType != types.OCIManifestSchema1 || manifest.Config.MediaType != types.OCIConfigJSON || manifest.Layers[0].MediaType != types.OCILayer {
		t.Errorf("the image for %s mixes formats: %s, %s, %s", architecture, manifest.MediaType, manifest.Config.MediaType, manifest.Layers[0].MediaType)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if file.Architecture != architecture || file.Config.User != user || !file.Created.Equal(time.Unix(1764000000, 0)) {
		t.Errorf("the image for %s is for %s, of user %s, made %s", architecture, file.Architecture, file.Config.User, file.Created)
	}
}

func TestSameBinariesSameOCIArchive(t *testing.T) {
	amd, arm := writeProgram(t, elf.EM_X86_64), writeProgram(t, elf.EM_AARCH64)
	first, digest := buildOCI(t, testTag, "-binary", amd, "-binary", arm)
	later := time.Now().Add(48 * time.Hour)
	if err := os.Chtimes(amd, later, later); err != nil {
		t.Fatal(err)
	}
	second, again := buildOCI(t, testTag, "-binary", arm, "-binary", amd)
	_, labelled := buildOCI(t, testTag, "-binary", amd, "-binary", arm, "-label", "a=b")
	if digest != again || !bytes.Equal(read(t, first), read(t, second)) {
		t.Error("the same binaries gave two archives")
	}
	if labelled == digest {
		t.Error("a label changes nothing")
	}
}

func TestARegistryHasTheDigestThatIsPrinted(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	tag := strings.TrimPrefix(server.URL, "http://") + "/batch-job-controller:v1.2.3"
	_, digest := buildOCI(t, tag, "-push", "-binary", writeProgram(t, elf.EM_X86_64), "-binary", writeProgram(t, elf.EM_AARCH64))
	reference, err := name.ParseReference(tag)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := remote.Index(reference)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pushed.Digest(); err != nil || got.String() != digest {
		t.Errorf("the registry has %s, %v, want %s", got, err, digest)
	}
}
