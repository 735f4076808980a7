//go:build e2e

package api

import "fmt"

// changed is a change of the configuration while an execution is open.
type changed struct {
	after string // the step at which the server dies before
	keys  map[string]any
}

// shareCrashes has the crashes between the writes that change the share of maxPods of an
// execution: of the state, and of the status. The first server leaves as many Jobs as maxPods
// or the pool permit.
func shareCrashes() map[string]crash {
	one, two := map[string]any{"maxPods": 1}, map[string]any{"maxPods": crashPool}
	raised := &changed{after: "after POST jobs/*", keys: two}
	lowered := &changed{after: fmt.Sprintf("after POST jobs/* %d", crashPool), keys: one}
	removed := &changed{after: "after POST jobs/*", keys: map[string]any{"maxPods": nil}}
	const (
		granted = "after " + writeState + ", then before " + writeRecord
		told    = "after " + writeRecord + ", then before " + writeState
	)
	return map[string]crash{
		"maxPods was raised, nothing is granted":                            {at: "before " + writeState, times: 2, keys: one, change: raised},
		"maxPods was raised, the response of the grant is lost":             {at: "after " + writeState, times: 2, keys: one, change: raised},
		"maxPods was raised, the execution does not have what is granted":   {at: granted, times: 2, keys: one, change: raised},
		"maxPods was raised, the execution has what is granted":             {at: "after " + writeState + ", then after " + writeRecord, times: 1, keys: one, change: raised},
		"maxPods was lowered, no share is":                                  {at: "before " + writeRecord, times: 2, keys: two, change: lowered},
		"maxPods was lowered, the share of the execution is, the state not": {at: told, times: 2, keys: two, change: lowered},
		"maxPods was lowered, the state is told, the response is lost":      {at: "after " + writeRecord + ", then after " + writeState, times: 1, keys: two, change: lowered},
		"maxPods was introduced, the state has no share yet":                {at: told, times: 2, change: lowered},
		"maxPods was removed, the execution still has a share":              {at: granted, times: 2, keys: one, change: removed},
	}
}
