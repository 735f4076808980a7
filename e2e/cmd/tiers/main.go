package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

// tier is a group of tests.
type tier struct {
	name string
	dir  string   // of the module, relative to this one
	env  []string // in addition to this process's
	args []string // of go test
	all  bool     // show the output of passed tests, too
	// waits says that the tests mostly wait, for pods, Leases and ticks. Consecutive tiers
	// that wait run concurrently.
	waits bool
	// missing returns what this machine lacks for the tier, or nothing. Nil: the tier runs
	// on any machine.
	missing func() string
	// run runs the tier with the arguments. Nil: go test.
	run func(context.Context, tier, io.Writer) (skipped []string, err error)
	// covers returns the additional argument that tests a file of the repository, or
	// nothing. If all tiers run, a tier with covers tests only the changed files.
	covers func(file string) (arg string)
	whole  []string // the additional arguments that test everything
	alone  string   // the command that tests everything
}

// asShipped returns the settings with which the image and Kubernetes are built, so that all
// builds share the build cache. All tiers without the race detector use them, and all
// others have the settings of the first tier.
func asShipped() (env, args []string) {
	return []string{"CGO_ENABLED=0"}, []string{"-trimpath", "-tags", "nomsgpack"}
}

func tiers() []tier {
	env, shipped := asShipped()
	return []tier{
		{name: "unit", dir: ".", args: []string{"-race", "-timeout", "30m", "./..."}},
		// go vet runs in the first tier.
		{name: "simulation", dir: ".", all: true, env: env, args: slices.Concat(shipped, []string{
			"-vet=off", "-count=1", "-timeout", "30m", "./controller/simulation", "-run", "TestSimulation", "-seeds", "10000"})},
		{name: "fuzz", dir: ".", args: []string{"-time", "10s"}, run: fuzz,
			covers: fuzzed, whole: []string{"./controller/...", "./callback/..."}, alone: "make fuzz"},
		{name: "image", dir: "e2e/tools/image", env: env, args: slices.Concat(shipped, []string{"./..."})},
		{name: "CRDs", dir: "e2e/tools/crd", env: env, args: slices.Concat(shipped, []string{"./..."})},
		{name: "Argo CD", dir: "e2e/tools/argocd", env: env, args: slices.Concat(shipped, []string{"./..."})},
		{name: "release", dir: ".", all: true, args: []string{"-count=1", "-tags", "e2e", "-timeout", "60m"},
			covers: released, whole: []string{"./e2e/cmd/release"}, alone: "make release-test"},
		// The first run of both includes the build of Kubernetes.
		{name: "API", dir: ".", all: true, waits: true, missing: linux, args: []string{"-race", "-count=1", "-tags", "e2e", "-timeout", "60m", "-parallel", "4", "./e2e/api/...", "./e2e/cluster/...", "./e2e/monitoring/..."}},
		{name: "e2e", dir: ".", all: true, waits: true, missing: aCluster, args: []string{"-race", "-count=1", "-tags", "e2e", "-timeout", "60m", "./e2e/suite/..."}},
	}
}

func linux() string {
	if _, err := os.Stat("/proc/self/ns/net"); err != nil {
		return "Linux"
	}
	return ""
}

func aCluster() string {
	reason, ok := provider.Available()
	if ok {
		return ""
	}
	return reason
}

// result is the outcome of a tier.
type result struct {
	tier   string
	word   string // passed, failed, skipped by this machine, or left out
	took   time.Duration
	detail string
	tests  []string // skipped tests, with the reason
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen, err := choose(tiers(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	all := len(os.Args) == 1
	began := time.Now()
	var results []result
	for _, group := range groups(chosen) {
		results = append(results, sideBySide(group, os.Stdout, func(t tier, out io.Writer) result { return run(ctx, t, all, out) })...)
	}
	os.Exit(summary(os.Stdout, results, time.Since(began)))
}

// choose returns the tiers with the names, or all tiers without a name.
func choose(all []tier, names []string) ([]tier, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []tier
	for _, name := range names {
		at := slices.IndexFunc(all, func(t tier) bool { return t.name == name })
		if at < 0 {
			known := make([]string, len(all))
			for i, t := range all {
				known[i] = t.name
			}
			return nil, fmt.Errorf("%q is not a tier: must be one of %s; without arguments, all tiers run", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

// run runs a tier: completely, or only for the changes if all tiers run.
func run(ctx context.Context, t tier, amongAll bool, out io.Writer) result {
	if t.missing != nil {
		if lacking := t.missing(); lacking != "" {
			return result{tier: t.name, word: "skipped", detail: "this machine lacks: " + lacking}
		}
	}
	whole, why := t.whole, ""
	if t.covers != nil && amongAll {
		if whole, why = due(readChange(ctx), t.covers); len(whole) == 0 {
			return result{tier: t.name, word: "left out", detail: why + "; " + t.alone + " runs it"}
		}
	}
	t.args = slices.Concat(t.args, whole)
	work, name := t.run, "go run ./e2e/cmd/fuzz"
	if work == nil {
		work, name = goTest, "go test"
	}
	fmt.Fprintf(out, "=== tier %s: %s %s\n", t.name, name, strings.Join(t.args, " "))
	began := time.Now()
	skipped, err := work(ctx, t, out)
	r := result{tier: t.name, word: "passed", took: time.Since(began), detail: why, tests: skipped}
	if err != nil {
		r.word, r.detail = "failed", err.Error()
	}
	return r
}

// goTest runs the tests of a tier, and returns those that were skipped.
func goTest(ctx context.Context, t tier, out io.Writer) (skipped []string, err error) {
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, t.args...)...)
	command.Dir = t.dir
	command.Env = append(os.Environ(), t.env...)
	command.Stderr = out
	// An interrupted test stops its cluster before it ends.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	lines, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	shown := newOutput(out, t.all)
	err = shown.read(lines)
	return shown.skipped, errors.Join(err, command.Wait())
}

// fuzz runs the fuzz targets of packages.
func fuzz(ctx context.Context, t tier, out io.Writer) (skipped []string, err error) {
	command := exec.CommandContext(ctx, "go", append([]string{"run", "./e2e/cmd/fuzz"}, t.args...)...)
	command.Stdout, command.Stderr = out, out
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	return nil, command.Run()
}

// summary prints the outcome of the tiers, and their total duration.
func summary(to io.Writer, results []result, took time.Duration) (status int) {
	count, tests := map[string]int{}, 0
	fmt.Fprintln(to, "\nTIER       RESULT   TIME     DETAIL")
	line := func(what, word string, took time.Duration, detail string) {
		text := ""
		if took > 0 {
			text = took.Round(time.Second).String()
		}
		fmt.Fprintln(to, strings.TrimSpace(fmt.Sprintf("%-10s %-8s %-8s %s", what, word, text, detail)))
	}
	for _, r := range results {
		line(r.tier, r.word, r.took, r.detail)
		for _, test := range r.tests {
			fmt.Fprintf(to, "           skipped  %s\n", test)
		}
		count[r.word]++
		tests += len(r.tests)
	}
	line("all", "", took, "")
	fmt.Fprintf(to, "tests skipped within the tiers: %d\n", tests)
	fmt.Fprintf(to, "tiers: %d passed, %d failed, %d skipped, %d left out\n", count["passed"], count["failed"], count["skipped"], count["left out"])
	if count["failed"] > 0 {
		return 1
	}
	return 0
}
