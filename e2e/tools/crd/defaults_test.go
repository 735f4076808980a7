package main

import (
	"testing"
)

func TestDefaults(t *testing.T) {
	tests := map[string]struct {
		definition func(*testing.T) definition
		given      string
		want       string
	}{
		"of a NodeCronJob": {nodeCronJobs, minimalNodeCronJob, minimalNodeCronJob + `
  timeZone: UTC
  suspend: false
  concurrencyPolicy: Forbid
  priority: 0
  runOnStartup: false
  startupDelay: 10s
  runOnUnscheduledNodes: false
  tolerateNoExecute: false
  podPoolSize: 10
  startDeadline: 10m
  jobTimeout: 1h
  backoffLimit: 0
  reportHistory: 30
  jobHistory: 3
  savePodLog: false
  latestMetricsLabel: false
  callback:
    tokensPerSecret: 50
    limits:
      samplesPerResult: 1000
      labelSets: 100
      labelSize: "128"
      filesPerTask: 64
      bytesPerTask: 128Mi
      resultsPerTask: 20
      eventsPerTask: 30
      eventBurst: 10
      eventInterval: 30s
      bytesPerExecution: 20Gi
`},
		"of an Execution": {executions, minimalExecution, `
apiVersion: batch-job-controller.io/v1alpha1
kind: Execution
metadata: {name: check-now, namespace: default}
spec: {nodeCronJobName: check, trigger: Manual, paused: false}
`},
		"of a rerun": {executions, `
apiVersion: batch-job-controller.io/v1alpha1
kind: Execution
metadata: {name: again}
spec: {nodeCronJobName: check, nodes: {fromExecution: {name: before}}}
`, `
apiVersion: batch-job-controller.io/v1alpha1
kind: Execution
metadata: {name: again}
spec:
  nodeCronJobName: check
  trigger: Manual
  paused: false
  nodes: {fromExecution: {name: before, states: [Failed, Lost, Unreported, Canceled]}}
`},
		"of counts and outcomes": {executions, minimalExecution + `
status: {counts: {nodes: 1}, account: {schema: 1, outcomes: [{state: Succeeded, indexes: "0"}]}}
`, `
apiVersion: batch-job-controller.io/v1alpha1
kind: Execution
metadata: {name: check-now, namespace: default}
spec: {nodeCronJobName: check, trigger: Manual, paused: false}
status:
  counts: {nodes: 1, ok: 0, bad: 0, pending: 0, running: 0, failed: 0, lost: 0, unreported: 0, skipped: 0, canceled: 0}
  account: {schema: 1, outcomes: [{state: Succeeded, reason: "", indexes: "0"}]}
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stored, problems := tt.definition(t).store(t, read(t, tt.given), nil)
			expect(t, problems, "")
			if got, want := toJSON(t, stored), toJSON(t, read(t, tt.want)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// What has a default has the same when it is written by hand: an update of a client that
// does not know it, such as `kubectl apply` of the first manifest, changes nothing.
func TestDefaultsAreStable(t *testing.T) {
	d := nodeCronJobs(t)
	once, _ := d.store(t, read(t, minimalNodeCronJob), nil)
	twice, problems := d.store(t, once, once)
	expect(t, problems, "")
	if got, want := toJSON(t, twice), toJSON(t, once); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
