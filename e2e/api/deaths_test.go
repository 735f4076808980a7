//go:build e2e

package api

import (
	"bytes"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// dies starts the server as often as it has to die.
func (c crash) dies(t *testing.T, site *rig.Site, server *rig.Server, reporting *pods) {
	t.Helper()
	deaths := 0
	if c.change != nil {
		deaths++
		crash{at: c.change.after}.die(t, server, reporting, deaths)
		site.Configure(c.change.keys)
	}
	for range c.times {
		deaths++
		c.die(t, server, reporting, deaths)
		checkNoHalfReports(t, site, reporting)
	}
}

// nextSecond waits until the next second: a server that starts in the same second as an open
// execution does not open another one.
func nextSecond() {
	now := time.Now()
	timer := time.NewTimer(now.Truncate(time.Second).Add(time.Second).Sub(now))
	defer timer.Stop()
	<-timer.C
}

// die starts the server for the n-th time, and waits until it is dead.
func (c crash) die(t *testing.T, server *rig.Server, reporting *pods, n int) {
	t.Helper()
	nextSecond()
	server.WithEnv("CRASH_AT=" + c.at).Start()
	if c.answered {
		select {
		case <-reporting.first:
		case <-time.After(patience):
			t.Fatalf("not after %s: a pod has its response", patience)
		}
		server.Kill()
		return
	}
	server.WaitKilled(patience)
	if got := bytes.Count(server.Log(), []byte("crasher: killed")); got != n {
		t.Fatalf("the server died %d times at the right step, want %d: %s", got, n, c.at)
	}
}
