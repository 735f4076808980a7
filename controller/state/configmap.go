package state

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// The state ConfigMap stores which ticks were processed, the newest ID, and which executions
// are being opened or open. The Executions cannot replace it: users delete them, and a
// skipped tick has none. It is changed by compare-and-swap, and always before an execution
// opens: a leader that was suspended beyond its Lease cannot open an execution beside that
// of its successor.
const component = "state"

// Reference returns the reference of an event about a controller's state.
func Reference(namespace, controller string) corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: namespace, Name: jobspec.StateName(controller)}
}

// LastTick returns the last processed tick of a definition from a state, or the zero time.
func LastTick(object *corev1.ConfigMap, definition string) time.Time {
	s, _ := parse(object.Data)
	return s.Ticks[definition].Last
}

// Stored is the state of all definitions as it was read or written. Package plan decides how
// it changes.
type Stored struct {
	plan.State
	Object *corev1.ConfigMap // nil: it does not exist
}

// Version distinguishes the versions of the state in the API server. It is empty if the
// state does not exist.
func (s Stored) Version() string {
	if s.Object == nil {
		return ""
	}
	return string(s.Object.UID) + " " + s.Object.ResourceVersion
}

// ConfigMapStore reads and writes the state of one controller.
type ConfigMapStore struct {
	client     corev1client.ConfigMapInterface
	controller string
}

// NewConfigMapStore returns the store of a controller's state.
func NewConfigMapStore(client corev1client.ConfigMapInterface, controller string) ConfigMapStore {
	return ConfigMapStore{client: client, controller: controller}
}

// Read reads the state of all definitions from the API server: what is readable, and
// the problems of what is forgotten.
func (s ConfigMapStore) Read(ctx context.Context) (stored Stored, problems []string, err error) {
	name := jobspec.StateName(s.controller)
	object, err := s.client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Stored{}, nil, nil
	}
	if err != nil {
		return Stored{}, nil, fmt.Errorf("read %s: %w", name, err)
	}
	stored.Object = object
	stored.State, problems = parse(object.Data)
	return stored, problems, nil
}

// ErrConflict says that another writer has changed the state since it was read.
var ErrConflict = errors.New("conflict")

// Swap writes the state of all definitions. It returns ErrConflict if another writer
// has changed, created or deleted the state since it was read.
func (s ConfigMapStore) Swap(ctx context.Context, next Stored) (written Stored, err error) {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name: jobspec.StateName(s.controller), Labels: jobspec.CommonLabels(s.controller, component), Annotations: jobspec.CommonAnnotations(),
	}}
	if next.Object != nil {
		object = next.Object.DeepCopy()
	}
	object.Data = dataOf(next.State, object.Data)
	written.Object, err = s.write(ctx, object, next.Object == nil)
	if err != nil {
		return Stored{}, err
	}
	// Its problems are those of next, which Read has returned: dataOf adds none.
	written.State, _ = parse(written.Object.Data)
	return written, nil
}

func (s ConfigMapStore) write(ctx context.Context, object *corev1.ConfigMap, isNew bool) (written *corev1.ConfigMap, err error) {
	if isNew {
		written, err = s.client.Create(ctx, object, metav1.CreateOptions{})
	} else {
		written, err = s.client.Update(ctx, object, metav1.UpdateOptions{})
	}
	switch {
	case err == nil:
		return written, nil
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsNotFound(err):
		return nil, fmt.Errorf("write %s: %w: %w", object.Name, ErrConflict, err)
	default:
		return nil, fmt.Errorf("write %s: %w", object.Name, err)
	}
}
