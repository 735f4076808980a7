package state

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// sharedGolden is a state as people see it.
var sharedGolden = map[string]string{
	"newestExecution": "20261124034201",
	"grants":          "17",
	"ticks": `audit 7f3c1b2e - - 2026-11-24T03:40:00Z CRON_TZ=UTC 0 4 * * 1
probe 0a9d4c11 2026-11-24T03:42:05Z 5d0e7a90 2026-11-24T03:42:05Z CRON_TZ=Europe/Zurich 42 4 * * *
`,
	"executions": `5d0e7a90 probe-20261124034200 probe 20261124034201 3
91c2e0aa audit-x7k2p audit 20261124034000 -
`,
	"note": "of another tool",
}

func goldenState() plan.State {
	at := time.Date(2026, 11, 24, 3, 42, 5, 0, time.UTC)
	return plan.State{
		Newest: "20261124034201",
		Grants: 17,
		Ticks: map[string]plan.Ticks{
			"probe": {UID: "0a9d4c11", Last: at, Execution: "5d0e7a90", Opened: at, Schedule: "CRON_TZ=Europe/Zurich 42 4 * * *"},
			"audit": {UID: "7f3c1b2e", Opened: at.Add(-125 * time.Second), Schedule: "CRON_TZ=UTC 0 4 * * 1"},
		},
		Entries: []plan.Entry{
			{UID: "5d0e7a90", Name: "probe-20261124034200", Definition: "probe", ID: "20261124034201", Share: 3},
			{UID: "91c2e0aa", Name: "audit-x7k2p", Definition: "audit", ID: "20261124034000", Share: execution.NoShare},
		},
	}
}

func TestTheStateAsText(t *testing.T) {
	got, problems := parse(sharedGolden)
	if diff := cmp.Diff(goldenState(), got); diff != "" || len(problems) > 0 {
		t.Errorf("problems %q, parsed (-want +got):\n%s", problems, diff)
	}
	if diff := cmp.Diff(sharedGolden, dataOf(goldenState(), map[string]string{"note": "of another tool", "ticks": "old"})); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
	if got := dataOf(plan.State{}, sharedGolden); !maps.Equal(got, map[string]string{"note": "of another tool"}) {
		t.Errorf("an empty state: got %q", got)
	}
}

func TestAStateThatWasEdited(t *testing.T) {
	const good = "e1 probe-1 probe 20261124034200 -"
	entry := plan.Entry{UID: "e1", Name: "probe-1", Definition: "probe", ID: "20261124034200", Share: execution.NoShare}
	tests := map[string]struct {
		data     map[string]string
		want     plan.State
		problems []string
	}{
		"an invalid ID":                     {map[string]string{"newestExecution": "../x"}, plan.State{}, []string{`newestExecution: "../x"`}},
		"an invalid number of grants":       {map[string]string{"grants": "-1"}, plan.State{}, []string{`grants: "-1"`}},
		"a tick that is not a time":         {map[string]string{"ticks": "probe n1 yesterday - - s"}, plan.State{}, []string{`ticks: "probe n1 yesterday - - s"`}},
		"an opening that is not a time":     {map[string]string{"ticks": "probe n1 - - today s"}, plan.State{}, []string{`ticks: "probe n1 - - today s"`}},
		"a time that cannot be written":     {map[string]string{"ticks": "probe n1 9999-12-31T23:59:59-05:00 - - s"}, plan.State{}, []string{`ticks: "probe n1 9999-12-31T23:59:59-05:00 - - s"`}},
		"ticks of which a part is missing":  {map[string]string{"ticks": "probe n1 -"}, plan.State{}, []string{`ticks: "probe n1 -"`}},
		"ticks of no definition":            {map[string]string{"ticks": "- n1 - - - s"}, plan.State{}, []string{`ticks: "- n1 - - - s"`}},
		"ticks of a definition twice":       {map[string]string{"ticks": "a n1 - - - s\na n2 - - - s"}, plan.State{Ticks: map[string]plan.Ticks{"a": {UID: "n1", Schedule: "s"}}}, []string{`ticks: "a n2 - - - s"`}},
		"ticks with other spaces":           {map[string]string{"ticks": "\n  a\tn1 - - -   s  t \r\n\n"}, plan.State{Ticks: map[string]plan.Ticks{"a": {UID: "n1", Schedule: "s t"}}}, nil},
		"an entry that is newer than all":   {map[string]string{"executions": good}, plan.State{Newest: "20261124034200", Entries: []plan.Entry{entry}}, nil},
		"an entry of which a part is gone":  {map[string]string{"executions": "e1 probe-1 probe"}, plan.State{Damaged: []string{"e1 probe-1 probe"}}, nil},
		"an entry of no definition":         {map[string]string{"executions": "e1 x - - -"}, plan.State{Damaged: []string{"e1 x - - -"}}, nil},
		"an entry with more":                {map[string]string{"executions": good + " x"}, plan.State{Damaged: []string{good + " x"}}, nil},
		"an entry with an invalid ID":       {map[string]string{"executions": "e1 x y 2026 -"}, plan.State{Damaged: []string{"e1 x y 2026 -"}}, nil},
		"an entry with a negative share":    {map[string]string{"executions": "e1 x y - -2"}, plan.State{Damaged: []string{"e1 x y - -2"}}, nil},
		"an entry whose ID is not known":    {map[string]string{"executions": "e1 x y - 0"}, plan.State{Entries: []plan.Entry{{UID: "e1", Name: "x", Definition: "y"}}}, nil},
		"an entry twice":                    {map[string]string{"executions": good + "\n" + good}, plan.State{Newest: "20261124034200", Entries: []plan.Entry{entry}}, nil},
		"an entry twice, and not the same":  {map[string]string{"executions": good + "\n" + "e1 x y - -"}, plan.State{Newest: "20261124034200", Entries: []plan.Entry{entry}, Damaged: []string{"of the same UID: e1 x y - -"}}, nil},
		"a damaged one does not hide one":   {map[string]string{"executions": "?\n" + good}, plan.State{Newest: "20261124034200", Entries: []plan.Entry{entry}, Damaged: []string{"?"}}, nil},
		"the state of one definition":       {map[string]string{"newestExecution": "20261124034200", "lastTick": "x", "schedule": "x", "opening": "x"}, plan.State{Newest: "20261124034200"}, nil},
		"blank lines are neither":           {map[string]string{"executions": "\n \n", "ticks": "\n"}, plan.State{}, nil},
		"the state is being restored":       {map[string]string{"restoring": "true", "executions": good}, plan.State{Newest: "20261124034200", Entries: []plan.Entry{entry}, Restoring: true}, nil},
		"keys of another tool":              {map[string]string{"note": "mine"}, plan.State{}, nil},
		"there is no state, or it is empty": {nil, plan.State{}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, problems := parse(tt.data)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.problems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			checkRoundTrip(t, got, tt.data)
		})
	}
}

// TestFormerKeysAreDeleted also keeps a controller of before from opening an execution anew.
func TestFormerKeysAreDeleted(t *testing.T) {
	former := map[string]string{"newestExecution": "20261124034200", "lastTick": "2026-11-24T03:42:00Z", "schedule": "s", "opening": "cron 2026-11-24T03:42:00Z"}
	s, problems := parse(former)
	if got := dataOf(s, former); len(problems) > 0 || !maps.Equal(got, map[string]string{"newestExecution": "20261124034200"}) {
		t.Errorf("problems %q, got %q", problems, got)
	}
}

func FuzzParseShared(f *testing.F) {
	f.Add("20261124034201", sharedGolden["ticks"], sharedGolden["executions"], "17")
	f.Add("", "a n 9999-12-31T23:59:59-01:00 - - s\na n 0000-01-01T00:00:00+01:00 - - s", "e x y - 07\ne x y - 7\ne x z - 7", "0")
	f.Add("-", "a - - - -\n\u00a0b\u0085c", "\x00\xff - \x00 00000101000000 -\n-\n- - - - -", "18446744073709551616")
	f.Fuzz(func(t *testing.T, newest, ticks, executions, grants string) {
		data := map[string]string{"newestExecution": newest, "ticks": ticks, "executions": executions, "grants": grants, "note": newest}
		s, _ := parse(data)
		if countLines(executions) < len(s.Entries)+len(s.Damaged) {
			t.Errorf("%d entries and %d damaged ones in %q", len(s.Entries), len(s.Damaged), executions)
		}
		if countLines(executions) > 0 && len(s.Entries)+len(s.Damaged) == 0 {
			t.Errorf("all entries have vanished from %q", executions)
		}
		checkRoundTrip(t, s, data)
	})
}

// checkRoundTrip checks that a state is read as it was written, also after entries ended.
func checkRoundTrip(t *testing.T, s plan.State, had map[string]string) {
	t.Helper()
	for {
		data := dataOf(s, had)
		got, problems := parse(data)
		if !got.Equal(s) || len(problems) > 0 {
			t.Errorf("problems %q, written and read (-want +got):\n%s", problems, cmp.Diff(s, got))
		}
		if again := dataOf(got, data); !maps.Equal(again, data) {
			t.Errorf("written again: %s", cmp.Diff(data, again))
		}
		if data["note"] != had["note"] {
			t.Errorf("note: got %q, want %q", data["note"], had["note"])
		}
		if len(s.Entries) == 0 {
			return
		}
		s.End(s.Entries[0].UID)
	}
}

func countLines(text string) (n int) {
	for range lines(text) {
		n++
	}
	return n
}
