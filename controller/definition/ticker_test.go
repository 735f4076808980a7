package definition

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func TestStartupIsDueOnceForReplicasThatStartTogether(t *testing.T) {
	started := time.Date(2026, 11, 24, 3, 0, 0, 500, time.UTC)
	tests := map[string]struct {
		runOnStartup bool
		opened       time.Time // when an execution last began
		want         time.Time
	}{
		"nothing has run": {true, time.Time{}, started.Add(time.Second)},
		"the last execution is older than this start": {true, started.Add(-time.Hour), started.Add(time.Second)},
		"another replica has run one since":           {true, started.Add(time.Minute), time.Time{}},
		"one in the very second":                      {true, started.Truncate(time.Second), time.Time{}},
		"it is not configured":                        {false, time.Time{}, time.Time{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := config.Config{HasDefinition: true, Definition: config.Definition{CronExpression: "@daily", RunOnStartup: tt.runOnStartup, StartupDelay: time.Second}}
			d, err := Compile(Object{Name: "check"}, cfg, nil, started)
			if err != nil {
				t.Fatal(err)
			}
			source := NewSource("check", clock.RealClock{})
			source.Set(d)
			ticker := NewTicker(NewOpener(OpenerOptions{Source: source}), Start{At: started})
			if got := ticker.startupDue(tt.opened); !got.Equal(tt.want) {
				t.Errorf("due: got %s, want %s", got, tt.want)
			}
		})
	}
}

// What the ConfigMap had at the start of the process decides about its definition, whose
// NodeCronJob may come into being, or get that spec, only then.
func TestStartupGoesByTheStartOfTheProcess(t *testing.T) {
	started := time.Date(2026, 11, 24, 3, 0, 0, 500, time.UTC)
	due := started.Add(time.Minute)
	object := func(uid types.UID, created time.Duration, fromConfigMap bool) Object {
		return Object{Name: "check", UID: uid, Created: started.Add(created), FromConfigMap: fromConfigMap}
	}
	const runs, doesNot = true, false
	tests := map[string]struct {
		configMap bool // runOnStartup, in the ConfigMap at the start
		first     Object
		spec      bool   // runOnStartup, in the first spec
		then      Object // zero: the first one stays
		want      time.Time
	}{
		"a NodeCronJob that was there":                       {doesNot, object("a", -time.Hour, false), runs, Object{}, due},
		"a NodeCronJob that was created later":               {doesNot, object("a", time.Second, false), runs, Object{}, time.Time{}},
		"the ConfigMap's, created by this process":           {runs, object("a", time.Second, true), runs, Object{}, due},
		"the ConfigMap's, which is as it was before":         {runs, object("a", -time.Hour, true), doesNot, Object{}, due},
		"the ConfigMap's, which no longer has it":            {doesNot, object("a", -time.Hour, true), runs, Object{}, time.Time{}},
		"the ConfigMap's, deleted and created again":         {runs, object("a", time.Second, true), runs, object("b", time.Hour, true), time.Time{}},
		"the ConfigMap's, after a person's of the same name": {runs, object("a", time.Second, false), runs, object("b", time.Hour, true), time.Time{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			source := NewSource("check", clock.RealClock{})
			set := func(of Object, runOnStartup bool) {
				cfg := config.Config{HasDefinition: true, Definition: config.Definition{CronExpression: "@daily", RunOnStartup: runOnStartup, StartupDelay: time.Minute}}
				d, err := Compile(of, cfg, nil, started)
				if err != nil {
					t.Fatal(err)
				}
				source.Set(d)
			}
			set(tt.first, tt.spec)
			if tt.then.UID != "" {
				set(tt.then, true)
			}
			start := Start{At: started, ConfigMap: config.Definition{RunOnStartup: tt.configMap, StartupDelay: time.Minute}}
			if got := NewTicker(NewOpener(OpenerOptions{Source: source}), start).startupDue(time.Time{}); !got.Equal(tt.want) {
				t.Errorf("due: got %s, want %s", got, tt.want)
			}
		})
	}
}

// Only the Execution of a tick may claim that tick: a person can create one of any time.
func TestTheExecutionsOfTicks(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 20, 0, 0, time.UTC)
	tests := map[string]struct {
		name    string // default: that of a person
		trigger v1alpha1.Trigger
		at      time.Time
		want    bool
	}{
		"of a tick":                           {trigger: v1alpha1.CronTrigger, at: now.Add(-20 * time.Minute), want: true},
		"of this very second":                 {trigger: v1alpha1.CronTrigger, at: now, want: true},
		"of a tick that has not come":         {trigger: v1alpha1.CronTrigger, at: now.Add(20 * time.Minute)},
		"of a time between two ticks":         {trigger: v1alpha1.CronTrigger, at: now.Add(-time.Second)},
		"of a tick of the schedule of before": {name: "check-20261124030500", trigger: v1alpha1.CronTrigger, at: now.Add(-15 * time.Minute), want: true},
		"with the name of another tick":       {name: "check-20261124030500", trigger: v1alpha1.CronTrigger, at: now.Add(-14 * time.Minute)},
		"of a person, at the time of a tick":  {trigger: v1alpha1.ManualTrigger, at: now.Add(-20 * time.Minute)},
		"of the start-up, in a tick's second": {trigger: v1alpha1.StartupTrigger, at: now},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			clk := clocktesting.NewFakeClock(now)
			source := NewSource("check", clk)
			source.Set(compiled(t, "*/20 * * * *"))
			ticker := NewTicker(NewOpener(OpenerOptions{Source: source, Clock: clk}), Start{At: now})
			e := &v1alpha1.Execution{}
			if e.Name = tt.name; e.Name == "" {
				e.Name = "mine"
			}
			e.Spec.Trigger, e.Spec.ScheduledTime = tt.trigger, &metav1.Time{Time: tt.at}
			if got := ticker.IsTick(e); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

// The response to the state's first write may be lost: it does not say then whose the tick is.
func TestOfSeveralExecutionsOfATickOneHasIt(t *testing.T) {
	const own = "check-20261124032000"
	tick := time.Date(2026, 11, 24, 3, 20, 0, 0, time.UTC)
	tests := map[string]struct {
		waiting []string // the oldest first
		want    string
	}{
		"a person's came later":   {[]string{own, "by-hand"}, own},
		"a person's came before":  {[]string{"by-hand", own}, own},
		"all are those of people": {[]string{"by-hand", "by-hand-too"}, "by-hand"},
		"it is the only one":      {[]string{own}, own},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			clk := clocktesting.NewFakeClock(tick.Add(30 * time.Second))
			source := NewSource("check", clk)
			source.Set(compiled(t, "*/20 * * * *"))
			of := source.Latest().TicksOf()
			s := plan.State{}
			s.Pass(of, tick.Add(-20*time.Minute), "")
			var waiting []*v1alpha1.Execution
			for _, name := range tt.waiting {
				e := &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}}
				e.Spec.Trigger, e.Spec.ScheduledTime = v1alpha1.CronTrigger, &metav1.Time{Time: tick}
				waiting = append(waiting, e)
			}
			ticker := NewTicker(NewOpener(OpenerOptions{Source: source, Clock: clk}), Start{At: tick})
			ticker.passed = tick
			ticker.Prepare(&s, waiting)
			if got := s.TicksOf(of); got.Execution != tt.want {
				t.Errorf("the tick is of %q, want %q", got.Execution, tt.want)
			}
		})
	}
}
