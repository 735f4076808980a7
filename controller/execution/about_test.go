package execution

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestWhatAPlanIs(t *testing.T) {
	p := Plan{
		NodeCronJob: "check", Execution: Object{Name: "check-1", UID: "u"}, Partial: true, Reason: "a new disk", RequestedBy: "ada", Retention: Retention{Reports: 2, Jobs: 1},
		Settings: Settings{PodTemplate: "secret", Intake: &Intake{Gauges: []Gauge{{Name: "test"}}}}, Nodes: []Node{{Name: "a"}},
	}
	want := About{
		NodeCronJob: "check", Execution: p.Execution, Partial: true, Latest: true, Reason: "a new disk", RequestedBy: "ada", Retention: p.Retention, Intake: p.Settings.Intake,
	}
	if diff := cmp.Diff(want, p.About(true)); diff != "" {
		t.Error(diff)
	}
}

func TestAnAboutOfALaterVersionIsRead(t *testing.T) {
	got, err := ParseAbout([]byte(`{"nodeCronJob":"check","new":{"a":[1]},"intake":{"gauges":[{"name":"a:b","kind":"x"}]}}`))
	if err != nil || got.NodeCronJob != "check" || len(got.Intake.Gauges) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whatever a disk has, reading it does not panic, and what can be read can be written and
// read again.
func FuzzParseAbout(f *testing.F) {
	for _, seed := range []string{
		`{"nodeCronJob":"check","latest":true}`,
		`{"nodeCronJob":"check","execution":{"name":"check-1","uid":"u"},"partial":true,"retention":{"reports":3,"jobs":1}}`,
		`{"nodeCronJob":"check","intake":{"gauges":[{"name":"test","help":"A test.","labels":["label"]}],"samplesPerResult":5}}`,
		`{"nodeCronJob":"check","intake":{"gauges":[{"name":"","labels":[""]}]}}`,
		`{"nodeCronJob":"check","intake":null}`, `{"nodeCronJob":"check","intake":{"gauges":[]}}`, `{"nodeCronJob":1}`, `[]`, `null`, ``, "\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := ParseAbout(body)
		if err != nil {
			if diff := cmp.Diff(About{}, a); diff != "" {
				t.Errorf("with an error: %s", diff)
			}
			return
		}
		again, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ParseAbout(again)
		if diff := cmp.Diff(a, b, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}
