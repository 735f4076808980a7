package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Child processes share a run of many seeds, one process for each processor: the random
// source of client-go is global to a process.
const (
	shareVariable = "SIMULATION_SHARE" // "2/4" is every fourth seed, beginning with the third
	statsPrefix   = "simulated: "
	mostFailures  = 5 // after which a process ends
)

// stats count what the seeds have done.
type stats struct {
	Seeds, Records, Closed, Jobs, Acknowledged, Unreported, Secrets, Denied, Readdressed, Crashes, PowerLosses, Damaged, Patched, Paused, Canceled, Rejected, Granted, Shared, Partial, Defined, OfNodeCronJobs, Collected, NotFound, Stayed, Queued, Replaced, Meddled int
}

func (s *stats) add(o stats) {
	s.Seeds += o.Seeds
	s.Records += o.Records
	s.Closed += o.Closed
	s.Jobs += o.Jobs
	s.Acknowledged += o.Acknowledged
	s.Unreported += o.Unreported
	s.Secrets += o.Secrets
	s.Denied += o.Denied
	s.Readdressed += o.Readdressed
	s.Crashes += o.Crashes
	s.PowerLosses += o.PowerLosses
	s.Damaged += o.Damaged
	s.Patched += o.Patched
	s.Paused += o.Paused
	s.Canceled += o.Canceled
	s.Rejected += o.Rejected
	s.Granted += o.Granted
	s.Shared += o.Shared
	s.Partial += o.Partial
	s.Queued += o.Queued
	s.Replaced += o.Replaced
	s.Defined += o.Defined
	s.OfNodeCronJobs += o.OfNodeCronJobs
	s.Meddled += o.Meddled
	s.Collected += o.Collected
	s.NotFound += o.NotFound
	s.Stayed += o.Stayed
}

// runAll runs all seeds in child processes.
func runAll(t *testing.T) {
	t.Helper()
	began := time.Now()
	n := runtime.NumCPU()
	outputs, errs := make([]bytes.Buffer, n), make([]error, n)
	var children sync.WaitGroup
	for i := range n {
		children.Go(func() { errs[i] = runChild(t, fmt.Sprintf("%d/%d", i, n), &outputs[i]) })
	}
	children.Wait()
	var sum stats
	for i := range n {
		sum.add(readStats(t, outputs[i].String()))
		if errs[i] != nil {
			t.Errorf("share %d: %v\n%s", i, errs[i], outputs[i].String())
		}
	}
	t.Logf("in %s: %+v", time.Since(began).Round(time.Millisecond), sum)
	if sum.Records == 0 || sum.Acknowledged == 0 || sum.Secrets == 0 || sum.Denied == 0 || sum.Patched == 0 || sum.Paused == 0 || sum.Canceled == 0 || sum.Rejected == 0 || sum.Granted == 0 || sum.Shared == 0 || sum.Partial == 0 || sum.OfNodeCronJobs == 0 || sum.Collected == 0 || sum.NotFound == 0 || sum.Stayed == 0 || sum.Queued == 0 || sum.Replaced == 0 || sum.Meddled == 0 {
		t.Error("nothing happened")
	}
}

func runChild(t *testing.T, share string, output *bytes.Buffer) error {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(t.Context(), self, "-test.run=^TestSimulation$", "-test.timeout=0",
		fmt.Sprintf("-seeds=%d", *seeds), fmt.Sprintf("-from=%d", *from))
	child.Env = append(os.Environ(), shareVariable+"="+share)
	child.Stdout, child.Stderr = output, output
	return child.Run()
}

// runShare runs a share of the seeds in this process.
func runShare(t *testing.T, share string) {
	t.Helper()
	var index, of uint64
	if _, err := fmt.Sscanf(share, "%d/%d", &index, &of); err != nil || of == 0 {
		t.Fatalf("%s=%q: must be like 0/2", shareVariable, share)
	}
	var sum stats
	for seed, failures := *from+index, 0; seed < *from+uint64(*seeds) && failures < mostFailures; seed += of {
		v := simulate(t, seed, nil, quiet())
		sum.add(v.stats)
		if v.problem != "" {
			failures++
			t.Errorf("seed %d: %s\nagain: %s=%d go test -run TestSimulation ./controller/simulation\n%s", seed, v.problem, seedVariable, seed, v.tail)
		}
	}
	text, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%s%s\n", statsPrefix, text)
}

func readStats(t *testing.T, output string) (s stats) {
	t.Helper()
	for line := range strings.Lines(output) {
		if text, ok := strings.CutPrefix(line, statsPrefix); ok {
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				t.Error(err)
			}
		}
	}
	return s
}
