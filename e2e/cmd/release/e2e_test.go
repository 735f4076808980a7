//go:build e2e

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	testVersion = "v0.0.1-test"
	maxImage    = 40_000_000
)

// Two clones share only the commit: their paths, tags, time zones and file modes differ.
// The test builds the release in both. It tests the last commit, not the working tree.
func TestTheSameReleaseIsTheSameByteForByte(t *testing.T) {
	for _, name := range []string{"git", "make"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("this machine lacks the command %s", name)
		}
	}
	root, err := git(t.Context(), ".", "rev-parse", "--show-toplevel")
	if err != nil {
		t.Skipf("this machine lacks the history of the sources: %v", err)
	}
	// Clone both first: there may be a new commit during the first release.
	dirs := []string{clone(t, root, "a"), clone(t, root, "a/much/longer/way")}
	first := makeRelease(t, dirs[0], "umask 022; export TZ=UTC; git tag -f v0.9.0")
	second := makeRelease(t, dirs[1], "umask 077; export TZ=Asia/Kathmandu LANG=de_DE.UTF-8 GOFLAGS=-buildvcs=false; git tag -f v0.8.0")
	if got, want := read(t, second, sumsFile), read(t, first, sumsFile); got != want {
		t.Errorf("the checksums of the first release:\n%sand of the second:\n%s", want, got)
	}
	verify(t, first)
	for _, name := range []string{
		"batch-job-controller_" + testVersion + "_linux_amd64.tar.gz", "batch-job-controller_" + testVersion + "_linux_arm64.tar.gz",
		"batch-job-controller_" + testVersion + ".spdx.json", "install-demo.yaml",
	} {
		if info, err := os.Stat(filepath.Join(first, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, want the file", name, err)
		}
	}
	// A node pulls only one image of the archive.
	info, err := os.Stat(filepath.Join(first, "batch-job-controller_"+testVersion+"_image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("the images for all platforms have %.1f MB", float64(info.Size())/1e6); info.Size() > maxImage {
		t.Errorf("the images have %d bytes, want at most %d", info.Size(), maxImage)
	}
}

func clone(t *testing.T, root, dir string) string {
	t.Helper()
	dir = filepath.Join(t.TempDir(), dir)
	if _, err := git(t.Context(), ".", "clone", "--quiet", "--no-tags", "--depth", "1", "file://"+root, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func makeRelease(t *testing.T, dir, before string) (output string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-ec", before+"; make release VERSION="+testVersion)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make release: %v\n%s", err, out)
	}
	return filepath.Join(dir, "dist")
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// verify checks that the checksums are those of all other files.
func verify(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, entry := range entries {
		if entry.Name() == sumsFile {
			continue
		}
		sum, err := sumOf(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&want, "%s  %s\n", sum, entry.Name())
	}
	if got := read(t, dir, sumsFile); got != want.String() {
		t.Errorf("checksums: got\n%swant\n%s", got, &want)
	}
}
