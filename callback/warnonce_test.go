package callback

import (
	"fmt"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// A pod that never stops sending must not fill the log.
func TestALimitIsWarnedAboutOnceForEachNode(t *testing.T) {
	log, logged := logTo()
	full := &execution.LimitError{Limit: execution.ResultsPerTask, Err: execution.ErrUsedUp, Message: "at most 3"}
	var met limitsMet
	address := open(t, NewHandler(&fakeRecorder{err: full}, Options{Log: log, ObserveLimit: met.observe}))
	for range 5 {
		for _, kind := range []route.Kind{route.Result, route.File} {
			if got := post(t, callbackURL(t, address, kind), nil, strings.NewReader("x")); got.status != 403 {
				t.Fatalf("%s: got %d", kind, got.status)
			}
		}
	}
	if n := strings.Count(logged(), "level=WARN"); n != 2 {
		t.Errorf("%d warnings, want one for each kind:\n%s", n, logged())
	}
	if n := strings.Count(logged(), "limit=resultsPerTask"); n != 10 {
		t.Errorf("the limit is in %d lines, want in all", n)
	}
	if n := len(met.all()); n != 10 {
		t.Errorf("%d were counted, want all", n)
	}
}

func TestWhatIsRememberedOfLimitsIsBounded(t *testing.T) {
	f := newWarnOnce()
	for n := range 10 * maxWarned {
		one := warnKey{key: execution.Key{Node: fmt.Sprint(n)}}
		if !f.add(one) || f.add(one) {
			t.Fatalf("%d: not once", n)
		}
		if len(f.seen) > maxWarned {
			t.Fatalf("%d are remembered", len(f.seen))
		}
	}
}
