package monitoring

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	promtool = "promtool"
	// debianPackage has promtool and the server. It is not installed: only promtool is
	// extracted.
	debianPackage = "prometheus"
	inPackage     = "./usr/bin/promtool"
)

// Promtool returns the path of promtool: that of the machine, or one that is downloaded
// from Debian the first time. The error says what the machine lacks.
func Promtool(ctx context.Context) (string, error) {
	if path, err := exec.LookPath(promtool); err == nil {
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("promtool: %w", err)
	}
	dir := filepath.Join(cache, "batch-job-controller", promtool)
	path := filepath.Join(dir, promtool)
	if err := exec.CommandContext(ctx, path, "--version").Run(); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("promtool: %w", err)
	}
	if err := fetch(ctx, dir, path); err != nil {
		return "", fmt.Errorf("promtool, which could not be fetched from Debian's package %s: %w", debianPackage, err)
	}
	return path, nil
}

// fetch writes promtool to the path atomically, because another process may do the same.
func fetch(ctx context.Context, dir, path string) (err error) {
	work, err := os.MkdirTemp(dir, "fetch-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := download(ctx, work); err != nil {
		return err
	}
	packages, err := filepath.Glob(filepath.Join(work, debianPackage+"_*.deb"))
	if err != nil || len(packages) != 1 {
		return errors.Join(err, fmt.Errorf("%d packages were downloaded, want 1", len(packages)))
	}
	program := filepath.Join(work, promtool)
	if err := unpack(ctx, packages[0], program); err != nil {
		return err
	}
	return os.Rename(program, path)
}

// download needs no root. If the package lists of the machine are old or missing, it
// downloads its own.
func download(ctx context.Context, dir string) error {
	if run(ctx, dir, "apt-get", "download", debianPackage) == nil {
		return nil
	}
	own := []string{"-o", "Dir::State::Lists=" + filepath.Join(dir, "lists"), "-o", "Dir::Cache=" + filepath.Join(dir, "cache")}
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	if err := run(ctx, dir, "apt-get", append(own, "update")...); err != nil {
		return err
	}
	return run(ctx, dir, "apt-get", append(own, "download", debianPackage)...)
}

func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %q: %w: %s", name, args, err, out[max(0, len(out)-500):])
	}
	return nil
}

// unpack extracts one program of a package.
func unpack(ctx context.Context, pkg, program string) (err error) {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", pkg)
	files, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	// The rest of the package is not read, and the broken pipe is not an error.
	defer func() { _ = cmd.Wait() }()
	defer files.Close()
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if err != nil {
			return fmt.Errorf("find %s in %s: %w", inPackage, filepath.Base(pkg), err)
		}
		if header.Name != inPackage {
			continue
		}
		file, err := os.OpenFile(program, os.O_CREATE|os.O_WRONLY, 0o755)
		if err != nil {
			return err
		}
		_, err = io.CopyN(file, archive, header.Size)
		return errors.Join(err, file.Close())
	}
}
