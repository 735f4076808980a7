package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Server is the package of the controller's program.
const Server = "./cmd/batch-job-controller"

// Image is a program in a container image.
type Image struct {
	Name    string // with a tag that is derived from its content
	Archive string // to be loaded into a cluster
	Binary  string // the program itself
}

// Build builds a program of this module as for a release, and an image with it. Both are
// cached by their content.
func Build(ctx context.Context, pkg string, log io.Writer) (Image, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return Image{}, err
	}
	cache, err := cacheDir()
	if err != nil {
		return Image{}, err
	}
	binary, sum, err := buildBinary(ctx, root, cache, pkg, log)
	if err != nil {
		return Image{}, err
	}
	image := Image{
		Name:    "localhost/" + path.Base(pkg) + ":" + sum[:12],
		Archive: filepath.Join(cache, sum[:12]+".tar"),
		Binary:  binary,
	}
	now := time.Now()
	if err := os.Chtimes(image.Archive, now, now); err == nil {
		return image, nil
	}
	return image, errors.Join(packImage(ctx, root, image, log), forgetOld(cache, now))
}

// Program builds a program of this module for Linux, as for a release, and returns its
// path.
func Program(ctx context.Context, pkg string, log io.Writer) (string, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	file, _, err := buildBinary(ctx, root, cache, pkg, log)
	return file, err
}

// forgetOld removes cached files that were not used for a day.
func forgetOld(cache string, now time.Time) error {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return fmt.Errorf("tidy cache: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && now.Sub(info.ModTime()) > 24*time.Hour {
			errs = append(errs, os.RemoveAll(filepath.Join(cache, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

// buildBinary returns the program and the checksum of its content.
func buildBinary(ctx context.Context, root, cache, pkg string, log io.Writer) (file, sum string, err error) {
	fmt.Fprintf(log, "building %s\n", path.Base(pkg))
	temp, err := os.MkdirTemp(cache, ".build-")
	if err != nil {
		return "", "", fmt.Errorf("make build directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	built := filepath.Join(temp, path.Base(pkg))
	err = runGo(ctx, root, "build", "-trimpath", "-tags", "nomsgpack", "-ldflags", "-s -w", "-o", built, pkg)
	if err != nil {
		return "", "", fmt.Errorf("build %s: %w", pkg, err)
	}
	data, err := os.ReadFile(built)
	if err != nil {
		return "", "", fmt.Errorf("read the built program: %w", err)
	}
	digest := sha256.Sum256(data)
	sum = hex.EncodeToString(digest[:])
	file = filepath.Join(cache, path.Base(pkg)+"-"+sum[:12])
	if err := os.Rename(built, file); err != nil {
		return "", "", fmt.Errorf("cache the built program: %w", err)
	}
	return file, sum, nil
}

// packImage writes a temporary file first, so that the archive is always complete.
func packImage(ctx context.Context, root string, image Image, log io.Writer) error {
	fmt.Fprintf(log, "packing the image %s\n", image.Name)
	temp, err := os.CreateTemp(filepath.Dir(image.Archive), ".image-*.tar")
	if err != nil {
		return fmt.Errorf("make image archive: %w", err)
	}
	_ = temp.Close()
	defer os.Remove(temp.Name()) //nolint:errcheck // it was renamed, or is incomplete
	tool := filepath.Join(root, "e2e", "tools", "image")
	if err := runGo(ctx, tool, "run", "-trimpath", ".", "-o", temp.Name(), "-tag", image.Name, "-binary", image.Binary); err != nil {
		return fmt.Errorf("pack image %s: %w", image.Name, err)
	}
	if err := os.Rename(temp.Name(), image.Archive); err != nil {
		return fmt.Errorf("cache the image archive: %w", err)
	}
	return nil
}

// runGo runs the go command for Linux, the nodes' operating system.
func runGo(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if args[0] == "build" {
		cmd.Env = append(cmd.Env, "GOOS=linux")
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out[max(0, len(out)-4096):]))
	}
	return nil
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find this module: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if filepath.Base(file) != "go.mod" {
		return "", errors.New("the working directory is not in this module")
	}
	return filepath.Dir(file), nil
}

// cacheDir is where built programs and images are kept between runs.
func cacheDir() (string, error) {
	base := os.Getenv("BJC_CACHE")
	if base == "" {
		var err error
		if base, err = os.UserCacheDir(); err != nil {
			return "", fmt.Errorf("find cache directory: %w", err)
		}
	}
	dir := filepath.Join(base, "batch-job-controller", "images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make cache directory: %w", err)
	}
	return dir, nil
}
