package steer

import (
	"context"
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func TestSteering(t *testing.T) {
	const open = "dns-check-x7k2p"
	paused := func(t *testing.T, w *world) {
		w.changes(t, open, func(e *v1alpha1.Execution) { e.Spec.Paused = true })
	}
	canceled := func(mode v1alpha1.CancelMode, phase v1alpha1.ExecutionPhase) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			w.changes(t, open, func(e *v1alpha1.Execution) { e.Spec.Cancel, e.Status.Phase = mode, phase })
		}
	}
	playAll(t, "steering", map[string]play{
		"pause":                           {args: "pause " + open},
		"pause by the ID":                 {args: "pause 20261128115400"},
		"pause what is paused":            {args: "pause " + open, prepare: paused},
		"pause what has closed":           {args: "pause disk-check-20261128034200"},
		"pause what was rejected":         {args: "pause dns-check-9wq4d"},
		"pause what does not exist":       {args: "pause disk-check-1"},
		"pause where nothing is":          {args: "pause disk-check-1 -n other"},
		"pause without a name":            {args: "pause"},
		"pause, as JSON":                  {args: "pause " + open + " -o jsonpath={.kind}/{.metadata.name}:{.spec.paused}"},
		"pause, as a wide table":          {args: "pause " + open + " -o wide"},
		"pause, in a format there is not": {args: "pause " + open + " -o xml"},
		"pause without the permission":    {args: "pause " + open, prepare: func(_ *testing.T, w *world) { w.forbids("patch", "executions") }},
		"pause, if admission forbids it": {args: "pause " + open, prepare: func(_ *testing.T, w *world) {
			w.fails("patch", "executions", apierrors.NewForbidden(schema.GroupResource{Group: v1alpha1.GroupName, Resource: "executions"}, open, errors.New("a policy denies it")))
		}},
		"pause, if others change it all the time": {args: "pause " + open, prepare: func(_ *testing.T, w *world) {
			w.fails("patch", "executions", apierrors.NewConflict(schema.GroupResource{Group: v1alpha1.GroupName, Resource: "executions"}, open, errors.New("the object has been modified")))
		}},
		"resume":                                {args: "resume " + open, prepare: paused},
		"resume what is not paused":             {args: "resume " + open},
		"cancel":                                {args: "cancel " + open},
		"cancel, and stop the pods":             {args: "cancel " + open + " --stop"},
		"cancel what drains":                    {args: "cancel " + open, prepare: canceled(v1alpha1.CancelDrain, v1alpha1.Open)},
		"cancel what stops":                     {args: "cancel " + open, prepare: canceled(v1alpha1.CancelStop, v1alpha1.Open)},
		"cancel, and stop what drains":          {args: "cancel " + open + " --stop", prepare: canceled(v1alpha1.CancelDrain, v1alpha1.Open)},
		"cancel, and stop what was drained":     {args: "cancel " + open + " --stop", prepare: canceled(v1alpha1.CancelDrain, v1alpha1.Closed)},
		"cancel what has closed by itself":      {args: "cancel disk-check-20261127034200"},
		"suspend":                               {args: "suspend disk-check"},
		"suspend what is suspended":             {args: "suspend dns-check"},
		"suspend what does not exist":           {args: "suspend dns"},
		"suspend what is elsewhere":             {args: "suspend etcd-check -n empty"},
		"suspend without a permission to look":  {args: "suspend dns", prepare: func(_ *testing.T, w *world) { w.forbids("list", "nodecronjobs") }},
		"suspend without the permission to get": {args: "suspend dns-check", prepare: func(_ *testing.T, w *world) { w.forbids("get", "nodecronjobs") }},
		"unsuspend":                             {args: "unsuspend dns-check -o name"},
		"unsuspend what is not suspended":       {args: "unsuspend disk-check"},
	})
}

// An invalid patch may be one of an object that was replaced, or canceled, in between.
func TestAnInvalidPatchIsTriedAgain(t *testing.T) {
	invalid := apierrors.NewInvalid(schema.GroupKind{Group: v1alpha1.GroupName, Kind: "Execution"}, "a", nil)
	type object = *v1alpha1.Execution
	at := func(uid types.UID, paused bool) object {
		return &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Name: "a", UID: uid}, Spec: v1alpha1.ExecutionSpec{Paused: paused}}
	}
	tests := map[string]struct {
		objects     []object // as each get returns it
		errs        []error  // of each patch
		wantDone    string
		wantErr     bool
		wantPatches int
	}{
		"it is accepted":                 {objects: []object{at("1", false)}, errs: []error{nil}, wantDone: "paused", wantPatches: 1},
		"another object has its name":    {objects: []object{at("1", false), at("2", false)}, errs: []error{invalid, nil}, wantDone: "paused", wantPatches: 2},
		"another user did the same":      {objects: []object{at("1", false), at("1", true)}, errs: []error{invalid}, wantDone: "already paused", wantPatches: 1},
		"it is invalid":                  {objects: []object{at("1", false), at("1", false)}, errs: []error{invalid, invalid}, wantErr: true, wantPatches: 2},
		"another error is not tried yet": {objects: []object{at("1", false)}, errs: []error{errors.New("connection refused")}, wantErr: true, wantPatches: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			gets, patches := 0, 0
			wanted := change[object]{done: "paused", before: "already paused", already: func(e object) bool { return e.Spec.Paused }}
			_, done, err := wanted.make(t.Context(), func(context.Context) (object, error) { gets++; return test.objects[gets-1], nil },
				func(_ context.Context, _ string, patch map[string]any) (object, error) {
					patches++
					if got, want := patch["metadata"].(map[string]any)["uid"], test.objects[gets-1].UID; got != want {
						t.Errorf("patch %d is of UID %v, want %v", patches, got, want)
					}
					return test.objects[gets-1], test.errs[patches-1]
				})
			if err != nil {
				done = ""
			}
			if done != test.wantDone || (err != nil) != test.wantErr || patches != test.wantPatches {
				t.Errorf("got %q, %v with %d patches, want %q, error %t, %d", done, err, patches, test.wantDone, test.wantErr, test.wantPatches)
			}
		})
	}
}

// The API server of the fake client does not know what it does not serve.
func TestUnknownResource(t *testing.T) {
	playAll(t, "unknown-resource", map[string]play{
		"the custom resources are not installed": {args: "list", prepare: func(_ *testing.T, w *world) {
			w.fails("list", "nodecronjobs", apierrors.NewGenericServerResponse(404, "list", schema.GroupResource{}, "", "404 page not found", 0, true))
		}},
		"one object of them": {args: "pause a", prepare: func(_ *testing.T, w *world) {
			w.fails("get", "executions", apierrors.NewGenericServerResponse(404, "get", schema.GroupResource{}, "", "404 page not found", 0, true))
		}},
		"the credentials have expired": {args: "list", prepare: func(_ *testing.T, w *world) {
			w.fails("list", "nodecronjobs", apierrors.NewUnauthorized("Unauthorized"))
		}},
		"the cluster is away": {args: "list", prepare: func(_ *testing.T, w *world) {
			w.fails("list", "nodecronjobs", errors.New(`Get "https://10.0.0.1:6443/apis": dial tcp 10.0.0.1:6443: connect: connection refused`))
		}},
		"the API server is overloaded": {args: "list -A", prepare: func(_ *testing.T, w *world) {
			w.api.PrependReactor("list", "nodecronjobs", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, apierrors.NewTooManyRequests("try again", 1)
			})
		}},
	})
}
