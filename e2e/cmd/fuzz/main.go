package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	long := flag.Duration("time", time.Minute, "how long each target runs")
	flag.Parse()
	if err := fuzz(ctx, *long, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

// fuzz continues after a failed target, and returns all failures at the end.
func fuzz(ctx context.Context, long time.Duration, patterns []string) error {
	targets, err := list(ctx, patterns)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return fmt.Errorf("there are no fuzz targets in %s", strings.Join(patterns, " "))
	}
	var mu sync.Mutex
	var errs []error
	var all sync.WaitGroup
	free := make(chan struct{}, runtime.NumCPU())
	for _, t := range targets {
		free <- struct{}{}
		all.Go(func() {
			out, err := t.run(ctx, long)
			<-free
			mu.Lock()
			defer mu.Unlock()
			fmt.Printf("=== %s\n%s", t, out)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", t, err))
			}
		})
	}
	all.Wait()
	fmt.Printf("%d fuzz targets ran for %s each, %d failed\n", len(targets), long, len(errs))
	return errors.Join(errs...)
}

// target is one fuzz target.
type target struct{ pkg, name string }

func (t target) String() string { return t.name + " of " + t.pkg }

// list returns the fuzz targets of packages from their sources, because go test would
// build every package to list them.
func list(ctx context.Context, patterns []string) ([]target, error) {
	const format = `{{$p := .}}{{range .TestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}
{{end}}`
	command := exec.CommandContext(ctx, "go", append([]string{"list", "-f", format}, patterns...)...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the targets: %w", err)
	}
	var all []target
	for line := range strings.Lines(string(out)) {
		pkg, file, isFile := strings.Cut(strings.TrimSpace(line), " ")
		if !isFile {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("list the targets: %w", err)
		}
		for _, name := range targetsIn(string(text)) {
			all = append(all, target{pkg: pkg, name: name})
		}
	}
	return all, nil
}

var declared = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)

// targetsIn returns the names of the fuzz targets of a file.
func targetsIn(text string) (names []string) {
	for _, match := range declared.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	return names
}

// run runs the target on one core. There are as many concurrent targets as cores.
func (t target) run(ctx context.Context, long time.Duration) (out string, err error) {
	command := exec.CommandContext(ctx, "go", "test", "-vet=off", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", long.String(), "-parallel", "1", t.pkg)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 30 * time.Second
	text, err := command.CombinedOutput()
	if before, over := timeIsOver(string(text)); over && err != nil && ctx.Err() == nil {
		return before, nil
	}
	return string(text), err
}

// onlyTime matches the output of go test when the time is over, nothing was found, and go
// test mistakes the end of the time for a failure: for a moment, its own context has ended
// and that of its workers has not.
var onlyTime = regexp.MustCompile(`(?m)^--- FAIL: Fuzz\w* \([0-9.]+s\)\n    context deadline exceeded\nFAIL\n`)

// timeIsOver reports whether a target failed only because the time was over, and returns
// the output before that.
func timeIsOver(out string) (before string, over bool) {
	at := onlyTime.FindStringIndex(out)
	if at == nil || strings.Count(out, "--- FAIL: ") > 1 {
		return "", false
	}
	return out[:at[0]] + "the time is over\n", true
}
