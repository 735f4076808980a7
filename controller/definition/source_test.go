package definition

import (
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// compiled returns the definition of a NodeCronJob with a schedule.
func compiled(t *testing.T, cron string) *Definition {
	t.Helper()
	cfg := config.Config{HasDefinition: true, Definition: config.Definition{CronExpression: cron, TimeZone: "UTC"}}
	d, err := Compile(Object{Name: "check", Generation: 1}, cfg, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestASourceWithoutADefinition(t *testing.T) {
	source := NewSource("check", clock.RealClock{})
	if d := source.Current(); d != nil {
		t.Fatalf("got %v, want none", d)
	}
	first := compiled(t, "0 * * * *")
	source.Set(first)
	select {
	case <-source.changed:
	default:
		t.Error("the ticker was not woken")
	}
	if got := source.Current(); got != first || !got.since.IsZero() {
		t.Errorf("got %+v, want the first, with the ticks of before", got)
	}
	source.Set(compiled(t, "30 * * * *"))
	if got := source.Current(); got.since.IsZero() || !got.hasTicksOf(first.scheduleText) {
		t.Errorf("got %+v, want ticks of the new schedule from now on", got)
	}
	if source.Set(nil); source.Current() != nil {
		t.Error("it has a definition, want none")
	}
}

func TestWithSuspendChangesNothingElse(t *testing.T) {
	d := compiled(t, "0 * * * *")
	suspended := d.WithSuspend(true)
	if !suspended.Suspend || d.Suspend {
		t.Errorf("got %t and %t, want only the copy suspended", suspended.Suspend, d.Suspend)
	}
	if suspended.Object != d.Object || suspended.scheduleText != d.scheduleText {
		t.Errorf("got %+v, want the rest of %+v", suspended, d)
	}
}
