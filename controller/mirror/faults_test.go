package mirror

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// A leader that has lost the Lease writes nothing.
func TestALostLease(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica(pool(t, 5))
		r.fails.Store(true)
		defer r.lead()()
		w.wants(time.Hour, "")
		r.fails.Store(false)
		w.wants(15*time.Second, "5")
	})
}

// A request fails three times.
func TestRequestsThatFail(t *testing.T) {
	resource := schema.GroupResource{Group: "batch-job-controller.io", Resource: "nodecronjobs"}
	tests := map[string]struct {
		verb     string
		err      error
		wantSays string // in the event; empty: there is none
	}{
		"no response to a create":               {"create", errors.New("no response"), ""},
		"no response to a read":                 {"get", errors.New("no response"), ""},
		"a conflict":                            {"update", apierrors.NewConflict(resource, "check", errors.New("changed")), ""},
		"it exists already":                     {"create", apierrors.NewAlreadyExists(resource, "check"), ""},
		"it is gone":                            {"update", apierrors.NewNotFound(resource, "check"), ""},
		"the role lacks a permission":           {"create", apierrors.NewForbidden(resource, "check", errors.New("not allowed")), "not allowed"},
		"the role lacks the permission to read": {"get", apierrors.NewForbidden(resource, "check", errors.New("not allowed")), "not allowed"},
		"a webhook refuses it":                  {"update", apierrors.NewBadRequest("denied by the webhook"), "denied by the webhook"},
		"a rule of the definition does":         {"create", apierrors.NewInvalid(schema.GroupKind{Kind: "NodeCronJob"}, "check", field.ErrorList{field.Invalid(field.NewPath("spec", "podPoolSize"), 5, "too many")}), "spec.podPoolSize: Invalid value: 5: too many"},
		"the kind is missing":                   {"create", apierrors.NewGenericServerResponse(http.StatusNotFound, "post", resource, "", "", 0, true), "Apply the custom resource definitions"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				r := w.replica(pool(t, 5))
				if tt.verb == "update" {
					r.lead()()
				}
				fails := 3
				w.client.Resources.PrependReactor(tt.verb, "nodecronjobs", func(clienttesting.Action) (bool, runtime.Object, error) {
					fails--
					return fails >= 0, nil, tt.err
				})
				r.Want(pool(t, 6))
				r.lead()
				time.Sleep(time.Second)
				if got := r.told(); tt.wantSays == "" && len(got) > 0 || tt.wantSays != "" && (len(got) != 1 ||
					!strings.HasPrefix(got[0], "ConfigMap settings true MirrorRefused: ") || !strings.Contains(got[0], tt.wantSays)) {
					t.Errorf("events: got %q, want one that says %q", got, tt.wantSays)
				}
				if tt.wantSays != "" && r.isMirrored() {
					t.Error("the metric says that all is well")
				}
				w.wants(time.Minute, "6")
				if !r.isMirrored() {
					t.Error("the metric does not say that all is well again")
				}
				r.wantsEvents()
			})
		})
	}
}

// The API server has a custom resource definition of before, which lacks a field.
func TestTheAPIServerDropsAField(t *testing.T) {
	inWorld(t, func(w *world) {
		var keeps atomic.Bool
		w.client.Resources.PrependReactor("*", "nodecronjobs", func(a clienttesting.Action) (bool, runtime.Object, error) {
			if sent, ok := a.(interface{ GetObject() runtime.Object }); ok && !keeps.Load() {
				sent.GetObject().(*v1alpha1.NodeCronJob).Spec.JobServiceAccount = ""
			}
			return false, nil, nil
		})
		cfg := pool(t, 5)
		cfg.JobServiceAccount = "checker"
		r := w.replica(cfg)
		defer r.lead()()
		w.wants(time.Hour, "5")
		r.wantsEvents("ConfigMap settings true MirrorRefused: NodeCronJob check cannot follow this ConfigMap: the API server changes spec.jobServiceAccount: apply")
		if r.isMirrored() || !r.Lags(w.get()) {
			t.Error("what the ConfigMap does not have counts as what it has")
		}
		keeps.Store(true)
		w.wants(time.Minute, "5")
		if !r.isMirrored() || r.Lags(w.get()) {
			t.Error("it does not count as mended")
		}
	})
}

// The response is lost, but the NodeCronJob is there.
func TestALostResponse(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica(pool(t, 5))
		lost := false
		w.client.Resources.PrependReactor("create", "nodecronjobs", func(a clienttesting.Action) (bool, runtime.Object, error) {
			if lost {
				return false, nil, nil
			}
			lost = true
			n := stored(t, a.(clienttesting.CreateAction).GetObject().(*v1alpha1.NodeCronJob))
			testkit.Must(t, w.client.Resources.Tracker().Create(a.GetResource(), n, namespace))
			return true, nil, errors.New("no response")
		})
		defer r.lead()()
		w.wants(time.Minute, "5")
		r.wantsEvents()
	})
}
