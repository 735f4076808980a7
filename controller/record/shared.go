package record

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// SharedState is the state of all definitions that this leader last read or wrote. Package
// plan decides how it changes, package state writes it.
type SharedState struct {
	plan.State
	Object *corev1.ConfigMap // nil: it does not exist
}

// Version distinguishes the versions of the state in the API server. It is empty if the
// state does not exist.
func (s SharedState) Version() string {
	if s.Object == nil {
		return ""
	}
	return string(s.Object.UID) + " " + s.Object.ResourceVersion
}

// ReadShared reads the state of all definitions from the API server: what is readable, and
// the problems of what is forgotten.
func (s StateStore) ReadShared(ctx context.Context) (state SharedState, problems []string, err error) {
	name := jobspec.StateName(s.controller)
	object, err := s.client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return SharedState{}, nil, nil
	}
	if err != nil {
		return SharedState{}, nil, fmt.Errorf("read %s: %w", name, err)
	}
	state.Object = object
	state.State, problems = parseShared(object.Data)
	return state, problems, nil
}

// SwapShared writes the state of all definitions. It returns ErrConflict if another writer
// has changed, created or deleted the state since it was read.
func (s StateStore) SwapShared(ctx context.Context, next SharedState) (written SharedState, err error) {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name: jobspec.StateName(s.controller), Labels: jobspec.CommonLabels(s.controller, stateComponent), Annotations: jobspec.CommonAnnotations(),
	}}
	if next.Object != nil {
		object = next.Object.DeepCopy()
	}
	object.Data = sharedData(next.State, object.Data)
	written.Object, err = s.write(ctx, object, next.Object == nil)
	if err != nil {
		return SharedState{}, err
	}
	// There are no problems to return: parseShared reads all that sharedData writes, and what
	// could not be read before is not written again (FuzzParseShared).
	written.State, _ = parseShared(written.Object.Data)
	return written, nil
}
