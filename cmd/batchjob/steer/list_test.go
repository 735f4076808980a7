package steer

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/golden"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func TestList(t *testing.T) {
	playAll(t, "list", map[string]play{
		"definitions":                                     {args: "list"},
		"definitions of all namespaces":                   {args: "list -A"},
		"definitions without headers":                     {args: "list --no-headers"},
		"definitions, wide":                               {args: "list -o wide"},
		"definitions as names":                            {args: "list -A -o name"},
		"definitions by a path":                           {args: "list -o jsonpath={.items[*].metadata.name}"},
		"definitions by a template":                       {args: "list -o go-template={{len|.items}}"},
		"definitions, and executions of one that is gone": {args: "list", prepare: isGone},
		"definitions of all namespaces, and executions of one that is gone": {args: "list -A", prepare: isGone},
		"a format for programs, which has only what exists":                 {args: "list -o name", prepare: isGone},
		"executions that may not be listed":                                 {args: "list", prepare: func(_ *testing.T, w *world) { w.forbids("list", "executions") }},
		"no definition":                                                     {args: "list -n empty"},
		"no definition, as JSON":                                            {args: "list -n empty -o json"},
		"an argument too many":                                              {args: "list disk-check"},
		"without the permission":                                            {args: "list", prepare: func(_ *testing.T, w *world) { w.forbids("list", "nodecronjobs") }},
		"without it for all namespaces":                                     {args: "list -A", prepare: func(_ *testing.T, w *world) { w.forbids("list", "nodecronjobs") }},
		"executions":                                                        {args: "executions"},
		"executions, wide":                                                  {args: "executions -o wide"},
		"executions of a definition":                                        {args: "executions disk-check"},
		"executions of a definition, as YAML":                               {args: "executions dns-check -o yaml"},
		"executions of one that does not exist":                             {args: "executions disks"},
		"no execution": {args: "executions -A", prepare: func(_ *testing.T, w *world) {
			w.api.PrependReactor("list", "executions", func(clienttesting.Action) (bool, runtime.Object, error) { return true, &v1alpha1.ExecutionList{}, nil })
		}},
		"a format that there is not": {args: "executions -o custom-columns=NAME:.metadata.name"},
		"without the permission to watch": {args: "executions dns-check -w", prepare: func(_ *testing.T, w *world) {
			w.api.PrependWatchReactor("executions", func(clienttesting.Action) (bool, watch.Interface, error) {
				return true, nil, apierrors.NewForbidden(v1alpha1.GroupVersion().WithResource("executions").GroupResource(), "", errForbiddenWatch{})
			})
		}},
	})
}

// isGone deletes a definition without its executions.
func isGone(t *testing.T, w *world) {
	t.Helper()
	if err := w.api.NodeCronJobs("checks").Delete(t.Context(), "dns-check", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

type errForbiddenWatch struct{}

func (errForbiddenWatch) Error() string { return `User "jane" cannot watch resource "executions"` }

// The rows of changes have the columns of those before.
func TestWatch(t *testing.T) {
	t.Setenv("KUBECONFIG", kubeconfig(t))
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, end := context.WithCancel(t.Context())
		streams, _, out, _ := genericiooptions.NewTestIOStreams()
		done := make(chan int)
		go func() { done <- w.run(ctx, streams, "executions", "dns-check", "--watch") }()
		synctest.Wait()
		w.changes(t, "dns-check-x7k2p", func(e *v1alpha1.Execution) { e.Status.Counts.OK = 11 })
		w.changes(t, "disk-check-20261127034200", func(e *v1alpha1.Execution) { e.Status.Counts.OK = 11 })
		synctest.Wait()
		end()
		if status := <-done; status != 0 {
			t.Errorf("got status %d, want 0", status)
		}
		golden.Check(t, "watch", out.String())
	})
}

func TestAWatchThatTheAPIServerEnds(t *testing.T) {
	tests := map[string]struct {
		events     []watch.Event
		wantStatus int
		wantErr    string
	}{
		"its time is over":      {wantStatus: 0},
		"the version is gone":   {events: []watch.Event{{Type: watch.Error, Object: &metav1.Status{Status: metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired, Message: "too old resource version"}}}, wantStatus: 4, wantErr: "watch nodecronjobs.batch-job-controller.io: too old resource version"},
		"a bookmark is no news": {events: []watch.Event{{Type: watch.Bookmark, Object: &v1alpha1.NodeCronJob{}}}, wantStatus: 0},
	}
	t.Setenv("KUBECONFIG", kubeconfig(t))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.api.PrependWatchReactor("nodecronjobs", func(clienttesting.Action) (bool, watch.Interface, error) {
				events := make(chan watch.Event, len(test.events))
				for _, e := range test.events {
					events <- e
				}
				close(events)
				return true, watch.NewProxyWatcher(events), nil
			})
			status, out, errOut := w.command(t.Context(), "", "list", "-w", "-o", "name")
			if status != test.wantStatus || !strings.Contains(errOut, test.wantErr) || strings.Count(out, "\n") != 2 {
				t.Errorf("got status %d, %q and %q", status, out, errOut)
			}
		})
	}
}
