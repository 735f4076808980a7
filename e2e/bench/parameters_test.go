//go:build e2e

package bench

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// parameters are the size of the benchmark.
type parameters struct {
	nodes, pool int
	pod         time.Duration // how long each pod runs
	rounds      int           // how often each contender runs
}

func readParameters(b *testing.B) parameters {
	b.Helper()
	p := parameters{
		nodes:  number(b, "BENCH_NODES", 500),
		pool:   number(b, "BENCH_POOL", 50),
		pod:    2 * time.Second,
		rounds: number(b, "BENCH_ROUNDS", 1),
	}
	if text := os.Getenv("BENCH_POD"); text != "" {
		var err error
		if p.pod, err = time.ParseDuration(text); err != nil || p.pod <= 0 {
			b.Fatalf("BENCH_POD: %q: must be a duration such as 2s", text)
		}
	}
	return p
}

func number(b *testing.B, name string, absent int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return absent
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("%s: %q: must be a whole number from 1", name, text)
	}
	return n
}

// ideal returns how long the pods alone take, in waves of the size of the pool.
func (p parameters) ideal() time.Duration {
	waves := (p.nodes + p.pool - 1) / p.pool
	return time.Duration(waves) * p.pod
}

func (p parameters) String() string {
	return fmt.Sprintf("nodes=%d/pool=%d/pod=%s", p.nodes, p.pool, p.pod)
}
