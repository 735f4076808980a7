package record

import (
	"errors"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestEveryRecordSaysItsSchema(t *testing.T) {
	r := NewStore(configMaps(), "check")
	created, err := r.Create(t.Context(), testkit.Plan("kind: Pod"), execution.Account{Phase: execution.Open})
	testkit.Must(t, err)
	updated, err := r.Swap(t.Context(), created, execution.Account{Phase: execution.Closing})
	testkit.Must(t, err)
	if got, want := updated.Object.Data[schemaKey], "1"; got != want {
		t.Errorf("schema: got %q, want %q", got, want)
	}
	object := updated.Object.DeepCopy()
	object.Data[schemaKey] = "2"
	_, err = r.client.Update(t.Context(), object, metav1.UpdateOptions{})
	testkit.Must(t, err)
	var newer *NewerError
	if _, err := r.Get(t.Context(), updated.Plan.ID); !errors.As(err, &newer) || !newer.Open {
		t.Errorf("get: got %v, want a NewerError of an open execution", err)
	}
}
