package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	long := flag.Duration("time", time.Minute, "how long each target is run")
	flag.Parse()
	if err := fuzz(ctx, *long, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

// fuzz goes on after a target that failed, and names all of them at the end.
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

// list returns the fuzz targets of packages. Go test names a package after the
// targets of it.
func list(ctx context.Context, patterns []string) ([]target, error) {
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-list", "^Fuzz"}, patterns...)...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the targets: %w", err)
	}
	return parseList(string(out)), nil
}

func parseList(out string) []target {
	var all []target
	var names []string
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 1 && strings.HasPrefix(fields[0], "Fuzz"):
			names = append(names, fields[0])
		case len(fields) > 1 && fields[0] == "ok":
			for _, name := range names {
				all = append(all, target{pkg: fields[1], name: name})
			}
			names = nil
		}
	}
	return all
}

func (t target) run(ctx context.Context, long time.Duration) (out string, err error) {
	out, err = t.goTest(ctx, long)
	if err != nil && isLate(out) && ctx.Err() == nil {
		again, err := t.goTest(ctx, long)
		return out + "its last input was not done in time, which says nothing: once more\n" + again, err
	}
	return out, err
}

// goTest runs the target on one core: as many run at once as there are.
func (t target) goTest(ctx context.Context, long time.Duration) (out string, err error) {
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", long.String(), "-parallel", "1", t.pkg)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 30 * time.Second
	text, err := command.CombinedOutput()
	return string(text), err
}

// isLate reports whether a target failed only because the time was over: go test
// takes an input that is being tried then for one that hangs, on a machine that
// is busy.
func isLate(out string) bool {
	return strings.Contains(out, "context deadline exceeded") && !strings.Contains(out, "Failing input written")
}
