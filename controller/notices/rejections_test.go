package notices

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func forbidden(kind, why string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: kind}, "x", errors.New(why))
}

func TestEachCauseOfARejectionHasOneEvent(t *testing.T) {
	a, n := newNotices(false, plan.Steering{})
	n.JobRejected(t.Context(), kube.EventJobRefused, "rejected", forbidden("jobs", "quota"))
	n.JobRejected(t.Context(), kube.EventJobRefused, "rejected", forbidden("jobs", "the same"))
	n.JobRejected(t.Context(), kube.EventJobInvalid, "invalid", forbidden("jobs", "the same"))
	if len(a.events) != 2 || !strings.HasPrefix(a.events[0], "Execution JobRefused: rejected: ") || !strings.HasPrefix(a.events[1], "Execution JobInvalid: invalid: ") {
		t.Errorf("got %q", a.events)
	}
	for i := range 2 * maxRejections {
		n.JobRejected(t.Context(), kube.EventJobRefused, "rejected", forbidden(fmt.Sprintf("kind%d", i), "quota"))
	}
	if len(a.events) != maxRejections {
		t.Errorf("got %d events, want %d", len(a.events), maxRejections)
	}
}

func TestRecordRejected(t *testing.T) {
	a, n := newNotices(false, plan.Steering{})
	n.RecordRejected(t.Context(), errors.New("EOF"))
	if len(a.events) != 0 {
		t.Errorf("without a response: got %q", a.events)
	}
	n.RecordRejected(t.Context(), forbidden("executions", "quota"))
	if len(a.events) != 1 || !strings.Contains(a.events[0], "held up") || !strings.Contains(a.events[0], "quota") {
		t.Errorf("got %q", a.events)
	}
}
