package install

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestWhatAnInstallationHasChanged(t *testing.T) {
	type change struct {
		kind   string
		change objects.Change
	}
	tests := map[string]struct {
		changes                  []change
		wantChanged, wantStarted bool
	}{
		"nothing":                              {[]change{{"Service", objects.Unchanged}, {"Deployment", objects.Unchanged}}, false, false},
		"an unneeded volume is kept":           {[]change{{"PersistentVolumeClaim", objects.Kept}}, false, false},
		"the configuration, which is reloaded": {[]change{{"ConfigMap", objects.Configured}, {"Deployment", objects.Unchanged}}, true, false},
		"the Deployment, which starts pods":    {[]change{{"ConfigMap", objects.Unchanged}, {"Deployment", objects.Configured}}, true, true},
		"an object of a removed component":     {[]change{{"PodDisruptionBudget", objects.Deleted}}, true, false},
		"every object is created":              {[]change{{"Namespace", objects.Created}, {"Deployment", objects.Created}}, true, true},
		"foreign objects stay unchanged":       {[]change{{"Service", objects.NotOurs}}, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got installed
			for _, c := range test.changes {
				got.note(objects.Reference{Kind: c.kind, Name: "any"}, c.change)
			}
			if got.changed != test.wantChanged || got.started != test.wantStarted {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestWaitTimeout(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		cron string
		done installed
		want string
	}{
		"within the hour":             {"30 * * * *", installed{}, ""},
		"in an hour":                  {"0 13 * * *", installed{}, ""},
		"a minute later":              {"1 13 * * *", installed{}, " --timeout 3h"},
		"in whole hours":              {"0 15 * * *", installed{}, " --timeout 4h"},
		"one is open":                 {"0 15 * * *", installed{open: cluster.RecordName{ID: "20261125115900"}}, ""},
		"a schedule that never ticks": {"0 0 30 2 *", installed{}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := rendered{config: config.Config{Definition: config.Definition{CronExpression: test.cron, TimeZone: "UTC"}}}
			if got := test.done.waitTimeout(r, now); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// played is a fake with executions and the start of the controller.
type played struct {
	all   []progress.Execution
	start time.Time
}

func (p played) Records(context.Context) (records []cluster.RecordName, err error) {
	for _, e := range p.all {
		records = append(records, cluster.RecordName{ID: e.ID, NodeCronJob: e.NodeCronJob})
	}
	return records, nil
}

func (p played) Executions(_ context.Context, records ...cluster.RecordName) ([]progress.Execution, error) {
	return slices.DeleteFunc(slices.Clone(p.all), func(e progress.Execution) bool {
		return !slices.Contains(records, cluster.RecordName{ID: e.ID, NodeCronJob: e.NodeCronJob})
	}), nil
}

func (p played) Started(context.Context) (time.Time, error) { return p.start, nil }

func TestLookForAnOpenExecution(t *testing.T) {
	at := func(clock string) time.Time {
		start, err := time.Parse(time.DateTime, "2026-11-25 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return start
	}
	const definition = "check"
	of := func(definition string, id execution.ID, phase execution.Phase) progress.Execution {
		return progress.Execution{ID: id, NodeCronJob: definition, Phase: phase}
	}
	old, open := of(definition, "20261124034200", execution.Closed), of(definition, "20261125115900", execution.Open)
	closing := of(definition, "20261125115900", execution.Closing)
	named := func(e progress.Execution) cluster.RecordName {
		return cluster.RecordName{ID: e.ID, NodeCronJob: e.NodeCronJob}
	}
	tests := map[string]struct {
		played
		done, want installed
	}{
		"there is none": {},
		"all are over":  {played: played{all: []progress.Execution{old}}, want: installed{hasRecord: true}},
		"one is open, and nothing was started": {
			played: played{all: []progress.Execution{old, open}, start: at("11:58:00")}, want: installed{hasRecord: true, open: named(open)}},
		"one is open that began before the start": {
			played: played{all: []progress.Execution{old, open}, start: at("12:00:00")}, done: installed{started: true},
			want: installed{started: true, hasRecord: true, open: named(open)}},
		"one cannot be read": {
			played: played{all: []progress.Execution{old, {ID: "20261125115900", NodeCronJob: definition, Unreadable: "damaged"}}}, want: installed{hasRecord: true}},
		"one is about to be over": {played: played{all: []progress.Execution{closing}}, want: installed{hasRecord: true, open: named(closing)}},
		"one of another definition is newer": {
			played: played{all: []progress.Execution{old, open, of("other", "20261125115930", execution.Closed)}}, want: installed{hasRecord: true, open: named(open)}},
		"one of another definition is open": {
			played: played{all: []progress.Execution{old, of("other", "20261125115930", execution.Open)}}, want: installed{hasRecord: true}},
		"only another definition has one": {played: played{all: []progress.Execution{of("other", "20261125115930", execution.Open)}}},
		"one has begun with the start": {
			played: played{all: []progress.Execution{old, open}, start: at("11:58:50")}, done: installed{started: true},
			want: installed{started: true, hasRecord: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := test.done.findOpen(t.Context(), test.played, definition); err != nil {
				t.Fatal(err)
			}
			if test.done != test.want {
				t.Errorf("got %+v, want %+v", test.done, test.want)
			}
		})
	}
}
