package watch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/golden"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// an adds an Execution to a namespace. Its name begins with that of its definition.
func (a *answers) an(t *testing.T, namespace, name string, status v1alpha1.ExecutionStatus) {
	t.Helper()
	definition, _, _ := strings.Cut(name, "-")
	n := len(a.executions(t))
	e := &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(noon.Add(time.Duration(n) * time.Minute))},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: definition, Trigger: v1alpha1.ManualTrigger}, Status: status,
	}
	if err := a.Custom.Tracker().Add(e); err != nil {
		t.Fatal(err)
	}
}

func (a *answers) executions(t *testing.T) []v1alpha1.Execution {
	t.Helper()
	list, err := a.Custom.Executions("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// defines adds a NodeCronJob.
func (a *answers) defines(t *testing.T, namespace, name string, runOnStartup bool) {
	t.Helper()
	d := &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(noon)}, Spec: v1alpha1.NodeCronJobSpec{
		CronExpression: "@hourly", TimeZone: "UTC", Metrics: v1alpha1.Metrics{Prefix: name}, RunOnStartup: runOnStartup, StartupDelay: v1alpha1.NewDuration(10 * time.Second),
	}}
	if err := a.Custom.Tracker().Add(d); err != nil {
		t.Fatal(err)
	}
}

// becomes changes the status of an Execution when it is read for the nth time.
func (a *answers) becomes(name string, nth int, status v1alpha1.ExecutionStatus) {
	reads := 0
	a.Custom.PrependReactor("get", v1alpha1.ExecutionResource, func(action clienttesting.Action) (bool, runtime.Object, error) {
		if action.(clienttesting.GetAction).GetName() != name {
			return false, nil, nil
		}
		stored, err := a.Custom.Tracker().Get(action.GetResource(), action.GetNamespace(), name)
		if err != nil {
			return true, nil, err
		}
		e := stored.(*v1alpha1.Execution).DeepCopy()
		if reads++; reads >= nth {
			e.Status = status
		}
		return true, e, nil
	})
}

func closedWith(bad int32) v1alpha1.ExecutionStatus {
	return v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed, ExecutionID: "20261125120000", Counts: &v1alpha1.NodeCounts{Nodes: 3, OK: 3 - bad, Bad: bad, Failed: bad}}
}

func canceledWith(bad int32) v1alpha1.ExecutionStatus {
	return v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed, ExecutionID: "20261125120000", Counts: &v1alpha1.NodeCounts{Nodes: 3, OK: 1 - bad, Bad: bad, Failed: bad, Canceled: 2}}
}

func openWith(running int32) v1alpha1.ExecutionStatus {
	return v1alpha1.ExecutionStatus{Phase: v1alpha1.Open, ExecutionID: "20261125120000", Counts: &v1alpha1.NodeCounts{Nodes: 3, OK: 3 - running, Running: running}}
}

func rejectedFor(reason string) v1alpha1.ExecutionStatus {
	return v1alpha1.ExecutionStatus{Phase: v1alpha1.Rejected, Conditions: []metav1.Condition{{Type: v1alpha1.ConditionRejected, Status: metav1.ConditionTrue, Reason: reason}}}
}

// written is what a user sees of a command.
func written(out, errOut fmt.Stringer, err error) string {
	text := out.String()
	for line := range strings.Lines(errOut.String()) {
		text += "(stderr) " + line
	}
	var status *cli.StatusError
	switch {
	case err == nil:
		return text + "exit status 0\n"
	case errors.As(err, &status) && status.Err != nil:
		return text + fmt.Sprintf("(stderr) Error: %v\nexit status %d\n", status.Err, status.Status)
	case errors.As(err, &status):
		return text + fmt.Sprintf("exit status %d\n", status.Status)
	default:
		return text + fmt.Sprintf("(stderr) Error: %v\nexit status 4\n", err)
	}
}

// Several executions are waited for by their status.
func TestWaitForSeveral(t *testing.T) {
	tests := map[string]struct {
		prepare func(*testing.T, *answers)
		names   []string
		all     bool
		limited bool // the user may not read the controller
		timeout time.Duration
	}{
		"two by name, of which one has bad nodes": {names: []string{"disk-1", "dns"}, prepare: func(t *testing.T, a *answers) {
			a.an(t, "checks", "disk-1", openWith(3))
			a.an(t, "checks", "dns-1", openWith(2))
			a.becomes("disk-1", 4, closedWith(0))
			a.becomes("dns-1", 3, closedWith(1))
		}},
		"one is rejected, and one has bad nodes": {names: []string{"disk-1", "dns-1"}, prepare: func(t *testing.T, a *answers) {
			a.an(t, "checks", "disk-1", v1alpha1.ExecutionStatus{})
			a.an(t, "checks", "dns-1", closedWith(1))
			a.becomes("disk-1", 3, rejectedFor(v1alpha1.ReasonConcurrencyForbidden))
		}},
		"one is canceled": {names: []string{"disk-1", "dns-1"}, prepare: func(t *testing.T, a *answers) {
			a.an(t, "checks", "disk-1", openWith(2))
			a.an(t, "checks", "dns-1", closedWith(0))
			a.becomes("disk-1", 3, canceledWith(0))
		}},
		"one is canceled, and another has bad nodes": {names: []string{"disk-1", "dns-1"}, prepare: func(t *testing.T, a *answers) {
			a.an(t, "checks", "disk-1", canceledWith(0))
			a.an(t, "checks", "dns-1", closedWith(1))
		}},
		"one is canceled before it opens, and another rejected": {names: []string{"disk-1", "dns-1"}, prepare: func(t *testing.T, a *answers) {
			a.an(t, "checks", "disk-1", rejectedFor(v1alpha1.ReasonCanceled))
			a.an(t, "checks", "dns-1", rejectedFor(v1alpha1.ReasonNoNodes))
		}},
		"one is deleted": {names: []string{"disk-1", "dns-1"}, prepare: func(t *testing.T, a *answers) {
			a.an(t, "checks", "disk-1", openWith(1))
			a.an(t, "checks", "dns-1", closedWith(0))
			reads := 0
			a.Custom.PrependReactor("get", v1alpha1.ExecutionResource, func(action clienttesting.Action) (bool, runtime.Object, error) {
				reads++
				return reads > 4, nil, apierrors.NewNotFound(action.GetResource().GroupResource(), "disk-1")
			})
		}},
		"a definition without an execution": {names: []string{"disk"}, timeout: 3 * time.Second, prepare: func(t *testing.T, a *answers) { a.defines(t, "checks", "disk", false) }},
		"a name that means nothing": {names: []string{"dusk"}, prepare: func(t *testing.T, a *answers) {
			a.defines(t, "checks", "disk", false)
			a.an(t, "checks", "disk-1", closedWith(0))
		}},
		"it takes too long": {names: []string{"disk", "dns"}, timeout: 3 * time.Second, prepare: func(t *testing.T, a *answers) {
			a.an(t, "checks", "disk-1", openWith(3))
			a.an(t, "checks", "dns-1", v1alpha1.ExecutionStatus{Phase: v1alpha1.Queued})
		}},
		"all definitions": {prepare: func(t *testing.T, a *answers) {
			a.defines(t, "checks", "disk", false)
			a.defines(t, "checks", "dns", true)
			a.defines(t, "checks", "etcd", false)
			a.defines(t, "checks", "new", false)
			a.an(t, "checks", "disk-1", openWith(3))
			a.an(t, "checks", "etcd-1", closedWith(1))
			a.an(t, "checks", "etcd-2", rejectedFor(v1alpha1.ReasonNoNodes))
			a.becomes("disk-1", 2, closedWith(0))
			lists := 0
			a.Custom.PrependReactor("list", v1alpha1.ExecutionResource, func(clienttesting.Action) (bool, runtime.Object, error) {
				if lists++; lists == 3 { // runOnStartup takes a while
					return false, nil, a.Custom.Tracker().Add(&v1alpha1.Execution{
						ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "dns-1", CreationTimestamp: metav1.NewTime(time.Now())},
						Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "dns"}, Status: closedWith(0),
					})
				}
				return false, nil, nil
			})
		}},
		"no definition has run": {prepare: func(t *testing.T, a *answers) {
			a.defines(t, "checks", "disk", false)
			a.defines(t, "checks", "dns", false)
		}},
		"all definitions, of a controller that cannot be read": {limited: true, prepare: func(t *testing.T, a *answers) { a.defines(t, "checks", "disk", false) }},
		"all namespaces": {all: true, prepare: func(t *testing.T, a *answers) {
			a.an(t, "checks", "disk-1", openWith(3))
			a.an(t, "other", "dns-1", openWith(1))
			a.an(t, "other", "dns-0", closedWith(3))
			a.becomes("disk-1", 2, closedWith(0))
			a.becomes("dns-1", 2, closedWith(0))
		}},
		"all namespaces, without an execution": {all: true},
	}
	var text strings.Builder
	for _, name := range sortedKeys(tests) {
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAnswers(t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks"}, Spec: appsv1.DeploymentSpec{Selector: controllerSelector}})
				a.Pods = append(a.Pods, *controllerPod(startedAt(time.Now())))
				a.Config = config.Config{}
				if test.prepare != nil {
					test.prepare(t, a)
				}
				streams, _, out, errOut := genericiooptions.NewTestIOStreams()
				tool := cli.NewTool("kubectl batchjob", streams)
				timeout := max(test.timeout, time.Second)
				if test.timeout == 0 {
					timeout = time.Hour
				}
				i := a.Installation
				if test.limited {
					i = nil
				}
				var err error
				if test.all {
					err = waitForAll(t.Context(), tool, clientOf(a.Installation), timeout)
				} else {
					err = waitForNames(t.Context(), tool, i, clientOf(a.Installation), test.names, timeout)
				}
				fmt.Fprintf(&text, "## %s\n%s\n", name, written(out, errOut, err))
			})
		})
	}
	golden.Check(t, "wait-several", text.String())
}

// By which of them the one is waited for: its record tells more, if the controller can be read.
func TestTheOneToWaitFor(t *testing.T) {
	tests := map[string]struct {
		names       []string
		definitions []string
		own         bool // the ConfigMap has a definition, too
		limited     bool
		want        string // the name of the record
		wantOne     bool
		wantErr     bool
	}{
		"the only definition":           {own: true, wantOne: true},
		"the only definition, mirrored": {own: true, definitions: []string{"check"}, wantOne: true},
		"a NodeCronJob alone":           {definitions: []string{"disk"}, wantOne: true},
		"two definitions":               {own: true, definitions: []string{"disk"}},
		"an ID":                         {names: []string{"20261125120000"}, want: "disk-1", wantOne: true},
		"an ID that there is not":       {names: []string{"20261125120009"}, want: "check-20261125120009", wantOne: true},
		"a name":                        {names: []string{"disk-1"}, want: "disk-1", wantOne: true},
		"a definition":                  {names: []string{"disk"}, want: "disk-1", wantOne: true},
		"one that waits":                {names: []string{"dns-1"}},
		"latest, of one definition":     {own: true, names: []string{"latest"}, wantOne: true},
		"latest, of two definitions":    {own: true, definitions: []string{"disk"}, names: []string{"latest"}, want: "disk-1", wantOne: true},
		"two names":                     {names: []string{"disk-1", "dns-1"}},
		"a name that means nothing":     {names: []string{"dusk"}, wantErr: true},
		"without the controller":        {names: []string{"disk-1"}, limited: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAnswers(t)
			a.Config.HasDefinition = test.own
			for _, d := range test.definitions {
				a.defines(t, "checks", d, false)
			}
			a.an(t, "checks", "disk-1", openWith(3))
			a.an(t, "checks", "dns-1", v1alpha1.ExecutionStatus{})
			a.owns(t, "disk-1")
			i := a.Installation
			if test.limited {
				i = nil
			}
			record, one, err := theOne(t.Context(), i, clientOf(a.Installation), test.names)
			if record.Name != test.want || one != test.wantOne || (err != nil) != test.wantErr {
				t.Errorf("got %q, %t and %v", record.Name, one, err)
			}
		})
	}
}

// owns gives an Execution the label of the controller.
func (a *answers) owns(t *testing.T, name string) {
	t.Helper()
	e, err := a.Custom.Executions("checks").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a.edit(t, e, func(e *v1alpha1.Execution) { e.Labels = map[string]string{"batch-job-controller.io/owner": "check"} })
}
