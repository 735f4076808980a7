package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The programs of a release.
const (
	server = "batch-job-controller"
	plugin = "kubectl-batchjob"
)

// program is a program for one platform.
type program struct {
	name, os, arch string
	file           string // the program itself
	info           *buildinfo.BuildInfo
	archive        string // its name in the release
	sum            string // of the archive
}

// targets returns all programs for all platforms, in order.
func targets() []program {
	var all []program
	for _, arch := range []string{"amd64", "arm64"} {
		all = append(all, program{name: server, os: "linux", arch: arch})
	}
	for _, system := range []string{"darwin", "linux", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			all = append(all, program{name: plugin, os: system, arch: arch})
		}
	}
	return all
}

func (r *release) buildPrograms(ctx context.Context) error {
	for _, p := range targets() {
		if _, err := os.Stat(filepath.Join(r.source.dir, "cmd", p.name)); errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(r.log, "release: there is no cmd/%s in this commit\n", p.name)
			continue
		}
		fmt.Fprintf(r.log, "release: building %s for %s/%s\n", p.name, p.os, p.arch)
		if err := r.build(ctx, &p); err != nil {
			return err
		}
		r.programs = append(r.programs, p)
	}
	return nil
}

// build builds a program without this machine's settings.
func (r *release) build(ctx context.Context, p *program) error {
	p.file = filepath.Join(filepath.Dir(r.source.dir), p.os+"-"+p.arch, p.fileName())
	env := append([]string{
		"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off", "GOENV=off", "GOTOOLCHAIN=local",
	}, r.source.moduleEnv...)
	_, err := output(ctx, r.source.dir, env, "go", "build", "-trimpath", "-buildvcs=true",
		"-tags", "nomsgpack", "-ldflags", "-s -w", "-o", p.file, "./cmd/"+p.name)
	if err != nil {
		return err
	}
	if p.info, err = buildinfo.ReadFile(p.file); err != nil {
		return err
	}
	return checkInfo(p.info, r.version, r.source.commit)
}

func (p program) fileName() string {
	if p.os == "windows" {
		return p.name + ".exe"
	}
	return p.name
}

// checkInfo checks the build information of a program.
func checkInfo(info *buildinfo.BuildInfo, version, commit string) error {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	var errs []error
	for _, check := range []struct{ what, got, want string }{
		{"version", info.Main.Version, version},
		{"commit", settings["vcs.revision"], commit},
		{"whether its sources were changed", settings["vcs.modified"], "false"},
	} {
		if check.got != check.want {
			errs = append(errs, fmt.Errorf("%s: %s: got %q, want %q", info.Path, check.what, check.got, check.want))
		}
	}
	return errors.Join(errs...)
}
