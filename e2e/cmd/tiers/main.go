package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

// tier is one way of testing, from the fastest to the slowest.
type tier struct {
	name string
	dir  string // of the module, below this one
	args []string
	// missing says what this machine lacks for the tier, or nothing.
	missing func() string
}

func tiers() []tier {
	return []tier{
		{"unit", ".", []string{"test", "-race", "./..."}, nothing},
		{"image", "e2e/tools/image", []string{"test", "-race", "./..."}, nothing},
		{"API", ".", []string{"test", "-race", "-count=1", "-tags", "e2e", "-timeout", "20m", "-v", "./e2e/api/...", "./e2e/cluster/..."}, linux},
		{"e2e", ".", []string{"test", "-race", "-count=1", "-tags", "e2e", "-timeout", "30m", "-v", "./e2e/suite/..."}, aCluster},
	}
}

func nothing() string { return "" }

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
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var results []result
	for _, t := range tiers() {
		results = append(results, run(ctx, t))
	}
	os.Exit(summary(results))
}

func run(ctx context.Context, t tier) result {
	if lacking := t.missing(); lacking != "" {
		return result{t.name, "skipped", "this machine lacks: " + lacking}
	}
	fmt.Printf("=== tier %s: go %s\n", t.name, strings.Join(t.args, " "))
	began := time.Now()
	command := exec.CommandContext(ctx, "go", t.args...)
	command.Dir = t.dir
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	// An interrupted test takes its cluster down before it ends.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	err := command.Run()
	took := time.Since(began).Round(time.Second).String()
	if err != nil {
		return result{t.name, "failed", fmt.Sprintf("%s, %v", took, err)}
	}
	return result{t.name, "passed", took}
}

func summary(results []result) (status int) {
	count := map[string]int{}
	fmt.Println("\nTIER    RESULT   DETAIL")
	for _, r := range results {
		fmt.Printf("%-7s %-8s %s\n", r.tier, r.word, r.detail)
		count[r.word]++
	}
	fmt.Printf("tiers: %d passed, %d failed, %d skipped\n", count["passed"], count["failed"], count["skipped"])
	if count["failed"] > 0 {
		return 1
	}
	return 0
}
