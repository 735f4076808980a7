package record

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// The state ConfigMap stores the last processed tick and the newest execution. Records
// cannot replace it: users delete them, and a skipped tick has none. It is changed by
// compare-and-swap, and always before an execution record is created: a leader that was
// suspended beyond its Lease cannot open an execution beside that of its successor.
const (
	stateComponent = "state"
	lastTickKey    = "lastTick"
	scheduleKey    = "schedule" // of the last tick, with its time zone
	newestKey      = "newestExecution"
	openingKey     = "opening" // "trigger scheduled" while the newest execution's record is being created
)

// State is the state ConfigMap that this leader last read or wrote. Package plan decides
// how it changes.
type State struct {
	plan.TickState
	Object *corev1.ConfigMap // nil: it does not exist
}

// StateReference returns the reference of an event about a controller's state.
func StateReference(namespace, controller string) corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: namespace, Name: jobspec.StateName(controller)}
}

// LastTick returns the last processed tick of a state, or the zero time.
func LastTick(object *corev1.ConfigMap) time.Time {
	s, _ := parseState(object)
	return s.LastTick
}

// parseState parses the valid keys, and returns the problems of the others.
func parseState(object *corev1.ConfigMap) (s State, problems []string) {
	s.Object = object
	problem := func(key string) {
		problems = append(problems, fmt.Sprintf("%s: %.64q", key, object.Data[key]))
	}
	if text := object.Data[lastTickKey]; text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			problem(lastTickKey)
		}
		s.LastTick = at
	}
	s.Schedule = object.Data[scheduleKey]
	if text := object.Data[newestKey]; text != "" {
		id, err := execution.ParseID(text)
		if err != nil {
			problem(newestKey)
		}
		s.Newest = id
	}
	if text := object.Data[openingKey]; text != "" && s.Newest != "" {
		trigger, scheduled, _ := strings.Cut(text, " ")
		at, err := time.Parse(time.RFC3339, scheduled)
		if err != nil || trigger == "" {
			problem(openingKey)
		} else {
			s.Pending = &execution.Firing{Trigger: execution.Trigger(trigger), Scheduled: at}
		}
	}
	return s, problems
}

func (s State) data() map[string]string {
	data := map[string]string{}
	if s.Object != nil {
		maps.Copy(data, s.Object.Data)
	}
	set := func(key, value string) {
		delete(data, key)
		if value != "" {
			data[key] = value
		}
	}
	set(newestKey, string(s.Newest))
	set(lastTickKey, "")
	if !s.LastTick.IsZero() {
		set(lastTickKey, s.LastTick.UTC().Format(time.RFC3339))
	}
	set(scheduleKey, s.Schedule)
	set(openingKey, "")
	if s.Pending != nil {
		set(openingKey, string(s.Pending.Trigger)+" "+s.Pending.Scheduled.UTC().Format(time.RFC3339))
	}
	return data
}

// StateStore reads and writes the state of one controller.
type StateStore struct {
	client     corev1client.ConfigMapInterface
	controller string
}

// NewStateStore returns the store of a controller's state.
func NewStateStore(client corev1client.ConfigMapInterface, controller string) StateStore {
	return StateStore{client: client, controller: controller}
}

// Read reads the state from the API server: its valid keys, and the problems of the
// others.
func (s StateStore) Read(ctx context.Context) (state State, problems []string, err error) {
	name := jobspec.StateName(s.controller)
	object, err := s.client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return State{}, nil, nil
	}
	if err != nil {
		return State{}, nil, fmt.Errorf("read %s: %w", name, err)
	}
	state, problems = parseState(object)
	return state, problems, nil
}

// ErrConflict says that another writer has changed the state since it was read.
var ErrConflict = errors.New("conflict")

// Swap writes the state. It returns ErrConflict if another writer has changed the state
// since it was read.
func (s StateStore) Swap(ctx context.Context, next State) (written State, err error) {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name: jobspec.StateName(s.controller), Labels: jobspec.CommonLabels(s.controller, stateComponent), Annotations: jobspec.CommonAnnotations(),
	}}
	if next.Object != nil {
		object = next.Object.DeepCopy()
	}
	object.Data = next.data()
	next.Object, err = s.write(ctx, object, next.Object == nil)
	if err != nil {
		return State{}, err
	}
	return next, nil
}

func (s StateStore) write(ctx context.Context, object *corev1.ConfigMap, isNew bool) (written *corev1.ConfigMap, err error) {
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
