package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

// tier is one way of testing, from the fastest to the slowest.
type tier struct {
	name string
	dir  string   // of the module, below this one
	args []string // of go test
	all  bool     // to show what tests say that pass, too
	// missing says what this machine lacks for the tier, or nothing. Nil: any
	// machine will do.
	missing func() string
	// run does something else than go test with the arguments. Nil: it does that.
	run func(context.Context, tier) (skipped []string, err error)
}

func tiers() []tier {
	return []tier{
		{name: "unit", dir: ".", args: []string{"-race", "./..."}},
		{name: "simulation", dir: ".", all: true, args: []string{"-count=1", "-timeout", "30m", "./controller/simulation", "-run", "TestSimulation", "-seeds", "10000"}},
		{name: "fuzz", dir: ".", args: []string{"-time", "10s", "./controller/...", "./callback/..."}, run: fuzz},
		{name: "image", dir: "e2e/tools/image", args: []string{"-race", "./..."}},
		{name: "release", dir: ".", all: true, args: []string{"-count=1", "-tags", "e2e", "-timeout", "30m", "./e2e/cmd/release"}},
		// What is tested there mostly waits: for pods, Leases and ticks.
		{name: "API", dir: ".", all: true, missing: linux, args: []string{"-race", "-count=1", "-tags", "e2e", "-timeout", "30m", "-parallel", "4", "./e2e/api/...", "./e2e/cluster/...", "./e2e/monitoring/..."}},
		{name: "e2e", dir: ".", all: true, missing: aCluster, args: []string{"-race", "-count=1", "-tags", "e2e", "-timeout", "30m", "./e2e/suite/..."}},
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

// result is what came of a tier.
type result struct {
	tier   string
	word   string // passed, failed or skipped
	detail string
	tests  []string // that were skipped, and why
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen, err := choose(tiers(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	var results []result
	for _, t := range chosen {
		results = append(results, run(ctx, t))
	}
	os.Exit(summary(results))
}

// choose returns the tiers of those names, or all if there is none.
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
			return nil, fmt.Errorf("%q is no tier: the arguments are the tiers to run, of %s; none runs all", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

func run(ctx context.Context, t tier) result {
	if t.missing != nil {
		if lacking := t.missing(); lacking != "" {
			return result{tier: t.name, word: "skipped", detail: "this machine lacks: " + lacking}
		}
	}
	work, name := t.run, "go run ./e2e/cmd/fuzz"
	if work == nil {
		work, name = goTest, "go test"
	}
	fmt.Printf("=== tier %s: %s %s\n", t.name, name, strings.Join(t.args, " "))
	began := time.Now()
	skipped, err := work(ctx, t)
	r := result{tier: t.name, word: "passed", detail: time.Since(began).Round(time.Second).String(), tests: skipped}
	if err != nil {
		r.word = "failed"
		r.detail += ", " + err.Error()
	}
	return r
}

// goTest runs the tests of a tier, and returns those that were skipped.
func goTest(ctx context.Context, t tier) (skipped []string, err error) {
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, t.args...)...)
	command.Dir = t.dir
	command.Stderr = os.Stderr
	// An interrupted test takes its cluster down before it ends.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	lines, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	shown := newOutput(os.Stdout, t.all)
	err = shown.read(lines)
	return shown.skipped, errors.Join(err, command.Wait())
}

// fuzz runs the fuzz targets of packages.
func fuzz(ctx context.Context, t tier) (skipped []string, err error) {
	command := exec.CommandContext(ctx, "go", append([]string{"run", "./e2e/cmd/fuzz"}, t.args...)...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	return nil, command.Run()
}

func summary(results []result) (status int) {
	count, tests := map[string]int{}, 0
	fmt.Println("\nTIER       RESULT   DETAIL")
	for _, r := range results {
		fmt.Printf("%-10s %-8s %s\n", r.tier, r.word, r.detail)
		for _, test := range r.tests {
			fmt.Printf("           skipped  %s\n", test)
		}
		count[r.word]++
		tests += len(r.tests)
	}
	fmt.Printf("tests skipped within the tiers: %d\n", tests)
	fmt.Printf("tiers: %d passed, %d failed, %d skipped\n", count["passed"], count["failed"], count["skipped"])
	if count["failed"] > 0 {
		return 1
	}
	return 0
}
