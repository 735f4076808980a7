package watch

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// The controller's pod was created at noon.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func seconds(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }

// controllerPod is the controller's pod, with its container in a state.
func controllerPod(state corev1.ContainerState) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "controller-1", Labels: map[string]string{"of": "controller"}, CreationTimestamp: metav1.NewTime(noon)},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "proxy", State: startedAt(seconds(1))}, {Name: "controller", State: state},
		}},
	}
}

var controllerSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"of": "controller"}}

func startedAt(at time.Time) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(at)}}
}

func waitingFor(reason string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
}

// The start of the controller's process identifies the execution of runOnStartup: its
// pod may be minutes older, and an ended container is restarted.
func TestWaitBeforeAnExecution(t *testing.T) {
	const damaged execution.Phase = "damaged"
	type records map[execution.ID]execution.Phase
	const before, early, after execution.ID = "20261125115900", "20261125120030", "20261125120130"
	pulls, crashes, starts, startsAgain := waitingFor("ErrImagePull"), waitingFor("CrashLoopBackOff"), startedAt(seconds(80)), startedAt(seconds(600))
	tests := map[string]struct {
		records  records
		state    corev1.ContainerState
		looks    []int // in seconds after noon
		none     bool  // runOnStartup is off
		resource bool  // there is a NodeCronJob
		replicas int32 // 0: 1; -1: none
		timeout  time.Duration
		want     execution.ID
		wantText string // that is printed, or of the error
		wantErr  bool
	}{
		"the image is pulled": {state: pulls, looks: []int{0, 80, 600}, wantText: "has not started: pod controller-1: container controller: ErrImagePull"},
		"the image is pulled, and an older execution is over":    {records: records{before: execution.Closed}, state: pulls, looks: []int{0, 600}, wantText: "has not started"},
		"the image is pulled, and an older one is open":          {records: records{before: execution.Open}, state: pulls, looks: []int{0}, want: before, wantText: "was open before the controller started"},
		"the process has ended":                                  {records: records{before: execution.Closed}, state: crashes, looks: []int{600}, wantText: "has not started: pod controller-1: container controller: CrashLoopBackOff"},
		"the process has just begun":                             {records: records{before: execution.Closed}, state: starts, looks: []int{81, 149}, wantText: "runOnStartup starts an execution 10s after"},
		"the process was started again":                          {records: records{before: execution.Closed, after: execution.Closed}, state: startsAgain, looks: []int{601}, wantText: "runOnStartup starts an execution 10s after"},
		"none has begun, and should have":                        {records: records{before: execution.Closed}, state: starts, looks: []int{81, 151}, wantText: "runOnStartup started no execution", wantErr: true},
		"the process began long ago":                             {records: records{before: execution.Closed}, state: starts, looks: []int{600}, want: before},
		"the process began long ago, and there is none":          {state: starts, looks: []int{600}, wantText: "rollout restart deployment controller", wantErr: true},
		"one of before cannot be read":                           {records: records{before: damaged}, state: starts, looks: []int{81}, wantText: "runOnStartup starts"},
		"one has just begun":                                     {records: records{before: execution.Closed, after: execution.Open}, state: starts, looks: []int{91}, want: after},
		"one has begun and is over already":                      {records: records{after: execution.Closed}, state: starts, looks: []int{95}, want: after},
		"one is over that began as the pod was there":            {records: records{early: execution.Closed}, state: starts, looks: []int{81}, wantText: "runOnStartup starts"},
		"the one of before the start is open":                    {records: records{before: execution.Open}, state: starts, looks: []int{81}, want: before, wantText: "was open before the controller started"},
		"the one of before the start writes its report":          {records: records{before: execution.Closing}, state: starts, looks: []int{81}, want: before, wantText: "was open before the controller started"},
		"without runOnStartup the newest one counts":             {records: records{before: execution.Closed}, state: pulls, none: true, looks: []int{0}, want: before},
		"without runOnStartup there is none, and no start":       {state: pulls, none: true, looks: []int{0}, wantText: "has not started"},
		"without runOnStartup the next tick is in time":          {state: starts, none: true, timeout: 2 * time.Hour, looks: []int{0}, wantText: "the next execution starts at 2026-11-25 13:30 UTC"},
		"without runOnStartup the next tick comes after a while": {state: starts, none: true, looks: []int{0}, wantText: ", after --timeout; to start one whenever the controller starts, set runOnStartup", wantErr: true},
		"the next tick of a NodeCronJob comes after a while":     {state: starts, none: true, resource: true, looks: []int{0}, wantText: ", after --timeout; to start one now: kubectl batchjob run check -n checks", wantErr: true},
		"no execution begins without a replica":                  {state: pulls, replicas: -1, looks: []int{0}, wantText: "has 0 replicas", wantErr: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			replicas := max(test.replicas+1, 0)
			if test.replicas == 0 {
				replicas = 1
			}
			deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks"}, Spec: appsv1.DeploymentSpec{Replicas: &replicas, Selector: controllerSelector}}
			a := newAnswers(t, deployment)
			for id, phase := range test.records {
				if phase == damaged {
					a.edit(t, a.record(t, id, execution.Closed), withoutPlan)
				} else {
					a.record(t, id, phase)
				}
			}
			a.Pods = append(a.Pods, *controllerPod(test.state))
			a.Deployment = deployment
			a.Config = config.Config{Controller: config.Controller{Name: "check"}, Definition: config.Definition{CronExpression: "30 13 * * *", TimeZone: "UTC", RunOnStartup: !test.none, StartupDelay: 10 * time.Second}}
			var said bytes.Buffer
			w := waiter{Installation: a.Installation, name: "kubectl batchjob", definition: definition{Config: a.Config, lastTick: a.LastTick, isNodeCronJob: test.resource}, printer: cli.NewDedupPrinter(&said), timeout: max(test.timeout, time.Hour)}
			var err error
			for _, at := range test.looks {
				if err = w.resolve(t.Context(), seconds(at)); err != nil || w.of.ID != "" {
					break
				}
			}
			text := said.String()
			if err != nil {
				text += err.Error()
			}
			if w.of.ID != test.want || (err != nil) != test.wantErr || !strings.Contains(text, test.wantText) || (test.wantText == "" && text != "") {
				t.Errorf("got %q and error %v, and said %q", w.of.ID, err, said.String())
			}
			if got, most := a.gotRecords(), 1; got > most {
				t.Errorf("records were read %d times", got)
			}
		})
	}
}

// Executions of other definitions, such as one that was deleted, are not waited for.
func TestWaitForTheOnlyDefinition(t *testing.T) {
	a := newAnswers(t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks"}, Spec: appsv1.DeploymentSpec{Selector: controllerSelector}})
	a.Pods = append(a.Pods, *controllerPod(startedAt(noon)))
	a.defines(t, "checks", "disk", true)
	a.recordOf(t, "disk", "20261125115900", execution.Succeeded)
	a.recordOf(t, "gone", "20261125120100", execution.Succeeded)
	definitions, err := a.Definitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := definitionsOf(a.Installation, definitions)
	if len(all) != 1 || all[0].Name != "disk" || !all[0].RunOnStartup || all[0].StartupDelay != 10*time.Second || all[0].CronExpression != "@hourly" {
		t.Fatalf("got the definitions %+v", all)
	}
	for at, want := range map[time.Duration]execution.ID{time.Minute: "", time.Hour: "20261125115900"} {
		w := waiter{Installation: a.Installation, definition: all[0], printer: cli.NewDedupPrinter(io.Discard), timeout: time.Hour}
		if err := w.resolve(t.Context(), noon.Add(at)); err != nil {
			t.Fatal(err)
		}
		if w.of.ID != want {
			t.Errorf("after %s: got %q, want %q", at, w.of.ID, want)
		}
	}
}

// The copy of the ConfigMap's definition may still be of before: what counts is the ConfigMap.
func TestTheConfigMapGoesBeforeItsCopy(t *testing.T) {
	i := &cluster.Installation{Config: config.Config{
		Controller: config.Controller{Name: "check"}, HasDefinition: true,
		Definition: config.Definition{CronExpression: "@daily", TimeZone: "UTC", RunOnStartup: true, StartupDelay: time.Minute},
	}}
	n := v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Name: "check"}, Spec: v1alpha1.NodeCronJobSpec{CronExpression: "@hourly", TimeZone: "UTC"}}
	tests := map[string]struct {
		change    func(*v1alpha1.NodeCronJob)
		wantCron  string
		wantStart bool
	}{
		"a copy": {func(n *v1alpha1.NodeCronJob) {
			n.Annotations = map[string]string{jobspec.SourceAnnotation: "ConfigMap/a"}
		}, "@daily", true},
		"a copy that is suspended": {func(n *v1alpha1.NodeCronJob) {
			n.Annotations, n.Spec.Suspend = map[string]string{jobspec.SourceAnnotation: "ConfigMap/a"}, true
		}, "@daily", false},
		"a person's": {func(*v1alpha1.NodeCronJob) {}, "@hourly", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n := *n.DeepCopy()
			tt.change(&n)
			all := definitionsOf(i, []v1alpha1.NodeCronJob{n})
			if len(all) != 1 || all[0].CronExpression != tt.wantCron || all[0].RunOnStartup != tt.wantStart || !all[0].isNodeCronJob {
				t.Errorf("got %+v", all)
			}
		})
	}
}

// An unreadable record may be repaired, or a newer execution may start.
func TestWaitAtAnUnreadableRecord(t *testing.T) {
	const unreadable, newer execution.ID = "20261125120000", "20261125130000"
	damaged := func(a *answers) { a.edit(t, a.record(t, unreadable, execution.Closed), withoutPlan) }
	mended := func(a *answers) { a.record(t, unreadable, execution.Closed) }
	begins := func(a *answers) {
		damaged(a)
		a.record(t, newer, execution.Closed)
	}
	tests := map[string]struct {
		given      execution.ID
		then       func(*answers) // what becomes of the damaged record, and beside it
		wantOver   bool
		wantNewest execution.ID
	}{
		"it stays unreadable":      {then: damaged, wantNewest: unreadable},
		"it is mended":             {then: mended, wantOver: true, wantNewest: unreadable},
		"a newer execution begins": {then: begins, wantOver: true, wantNewest: newer},
		"a newer execution is not the one that was chosen": {given: unreadable, then: begins, wantNewest: unreadable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks"}, Spec: appsv1.DeploymentSpec{Selector: controllerSelector}}
			var said bytes.Buffer
			w := waiter{printer: cli.NewDedupPrinter(&said)}
			look := func(given func(*answers)) bool {
				a := newAnswers(t, deployment)
				given(a)
				a.Pods = append(a.Pods, *controllerPod(startedAt(noon)))
				w.Installation, w.pods.Installation = a.Installation, a.Installation
				w.definition = definition{Config: a.Config}
				if test.given != "" {
					w.given, w.of = a.Record(test.given), a.Record(test.given)
				}
				over, err := w.poll(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return over
			}
			if over := look(damaged); over || !strings.Contains(said.String(), "execution "+string(unreadable)+": its record, execution/check-"+string(unreadable)+", cannot be read: ") {
				t.Errorf("over: %t, and said %q", over, said.String())
			}
			if over := look(test.then); over != test.wantOver || w.last.ID != test.wantNewest {
				t.Errorf("got over: %t, of %s", over, w.last.ID)
			}
		})
	}
}

func TestWaitForARecordThatThereIsNot(t *testing.T) {
	a := newAnswers(t)
	w := waiter{Installation: a.Installation, of: a.Record("20261125120000")}
	_, err := w.poll(t.Context())
	var status *cli.StatusError
	if !errors.As(err, &status) || status.Status != cli.ExitNotDone || !strings.Contains(err.Error(), "20261125120000") {
		t.Errorf("got %v", err)
	}
}
