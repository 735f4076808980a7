package kube

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Events writes Kubernetes Events synchronously: client-go's recorders drop events that
// they cannot deliver, and the pod that asked for the event would not know.
type Events struct {
	client     Client
	clock      clock.PassiveClock
	controller string // the reporting component
	instance   string // the replica
}

// EventTimeout bounds a write of an event, which may hang on a dead connection.
const EventTimeout = 5 * time.Second

// NewEvents returns the Events of a controller's replica.
func NewEvents(client Client, clk clock.PassiveClock, controller, instance string) *Events {
	return &Events{client: client, clock: clk, controller: controller, instance: instance}
}

// The reasons of the controller's events. Each also needs an action in ownActions, without
// which job pods may send events with this reason.
const (
	EventExecutionStarted   = "ExecutionStarted"
	EventExecutionClosed    = "ExecutionClosed"
	EventExecutionPaused    = "ExecutionPaused"
	EventExecutionResumed   = "ExecutionResumed"
	EventExecutionCanceled  = "ExecutionCanceled"
	EventExecutionReplaced  = "ExecutionReplaced"
	EventExecutionQueued    = "ExecutionQueued"
	EventExecutionRejected  = "ExecutionRejected"
	EventTickSkipped        = "TickSkipped"
	EventTicksMissed        = "TicksMissed"
	EventTicksPassedOver    = "TicksPassedOver"
	EventNoNodes            = "NoNodes"
	EventJobRefused         = "JobRefused"
	EventJobInvalid         = "JobInvalid"
	EventNoLeader           = "NoLeader"
	EventRecordDamaged      = "RecordDamaged"
	EventRecordRefused      = "RecordRefused"
	EventResultsLost        = "ResultsLost"
	EventTaskFailed         = "NodeTaskFailed"
	EventCallbackDenied     = "CallbackDenied"
	EventConfigReloaded     = "ConfigReloaded"
	EventConfigInvalid      = "ConfigInvalid"
	EventConfigNeedsRestart = "ConfigNeedsRestart"
	EventNotStarted         = "NotStarted"
	EventNameShared         = "NameShared"
	EventAccepted           = "DefinitionAccepted"
	EventNotAccepted        = "DefinitionNotAccepted"
	EventNameTaken          = "NameTaken"
	EventMirrorRestored     = "MirrorRestored"
	EventMirrorRefused      = "MirrorRefused"
)

// ownActions has the action of each of the controller's own events by its reason: the API
// requires both. A pod's event must not have one of these reasons.
func ownActions() map[string]string {
	return map[string]string{
		EventExecutionStarted:   "OpenExecution",
		EventExecutionClosed:    "CloseExecution",
		EventExecutionPaused:    "PauseExecution",
		EventExecutionResumed:   "ResumeExecution",
		EventExecutionCanceled:  "CancelExecution",
		EventExecutionReplaced:  "CancelExecution",
		EventExecutionQueued:    "QueueExecution",
		EventExecutionRejected:  "RejectExecution",
		EventTickSkipped:        "SkipTick",
		EventTicksMissed:        "SkipTick",
		EventTicksPassedOver:    "SkipTick",
		EventNoNodes:            "OpenExecution",
		EventJobRefused:         "CreateJob",
		EventJobInvalid:         "CreateJob",
		EventResultsLost:        "ReadResults",
		EventTaskFailed:         "EndNodeTask",
		EventNoLeader:           "TakeLease",
		EventRecordDamaged:      "ReadRecord",
		EventRecordRefused:      "WriteRecord",
		EventCallbackDenied:     "TakeCallback",
		EventConfigReloaded:     "LoadConfig",
		EventConfigInvalid:      "LoadConfig",
		EventConfigNeedsRestart: "LoadConfig",
		EventNotStarted:         "Start",
		EventNameShared:         "StandBy",
		EventAccepted:           "ReadSpec",
		EventNotAccepted:        "ReadSpec",
		EventNameTaken:          "WriteMirror",
		EventMirrorRestored:     "WriteMirror",
		EventMirrorRefused:      "WriteMirror",
	}
}

const (
	// PodReporter is the reporting component of pods' events, which distinguishes them
	// from the controller's.
	PodReporter = "batch-job-controller.io/pod"
	// podAction is the default action of a pod's event.
	podAction = "Report"
)

// MaxEventMessage is the API server's limit of an event's note, in bytes.
const MaxEventMessage = 1024

// Emit writes an event of the controller about an object. A repetition only increases its
// count.
func (e *Events) Emit(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string) error {
	return e.write(ctx, about, e.controller, execution.Event{
		Warning: warning, Reason: reason, Action: cmp.Or(ownActions()[reason], reason), Message: message,
	})
}

// Relay writes a pod's event.
func (e *Events) Relay(ctx context.Context, about corev1.ObjectReference, event execution.Event) error {
	event.Action = cmp.Or(event.Action, podAction)
	return e.write(ctx, about, PodReporter, event)
}

// CheckPodEvent rejects events that only the controller may write.
func CheckPodEvent(event execution.Event) error {
	if _, own := ownActions()[event.Reason]; own {
		return &execution.InvalidError{
			Path:    "reason",
			Message: fmt.Sprintf("%s is reserved for events of the controller: use another reason, such as Job%s", event.Reason, event.Reason),
		}
	}
	return nil
}

func (e *Events) write(ctx context.Context, about corev1.ObjectReference, reporter string, event execution.Event) error {
	kind := corev1.EventTypeNormal
	if event.Warning {
		kind = corev1.EventTypeWarning
	}
	now := metav1.NewMicroTime(e.clock.Now())
	name := eventName(about, kind, event.Reason, event.Action, event.Message)
	object := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Name: name, Namespace: about.Namespace},
		EventTime:           now,
		ReportingController: reporter,
		ReportingInstance:   execution.Truncate(cmp.Or(e.instance, e.controller), maxEventInstance),
		Action:              event.Action,
		Reason:              event.Reason,
		Regarding:           about,
		Note:                event.Message,
		Type:                kind,
	}
	client := e.client.EventsV1().Events(about.Namespace)
	_, err := client.Create(ctx, object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return e.count(ctx, about.Namespace, name, now)
	}
	if err != nil {
		return fmt.Errorf("create event %s about %s %s: %w", event.Reason, about.Kind, about.Name, err)
	}
	return nil
}

// maxEventInstance is the API server's limit of a replica's name, in bytes.
const maxEventInstance = 128

// count makes an existing event a series, or extends its series.
func (e *Events) count(ctx context.Context, namespace, name string, now metav1.MicroTime) error {
	client := e.client.EventsV1().Events(namespace)
	stored, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read event %s: %w", name, err)
	}
	times := int32(1)
	if stored.Series != nil {
		times = stored.Series.Count
	}
	patch, err := json.Marshal(map[string]any{
		"series": eventsv1.EventSeries{Count: times + 1, LastObservedTime: now},
	})
	if err != nil {
		return fmt.Errorf("event %s: %w", name, err)
	}
	if _, err := client.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("count event %s up: %w", name, err)
	}
	return nil
}

// eventName computes the name from the event, so that a repetition gets AlreadyExists
// and needs no search.
func eventName(about corev1.ObjectReference, kind, reason, action, message string) string {
	sum := sha256.Sum256([]byte(string(about.UID) + "\x00" + kind + "\x00" + reason + "\x00" + action + "\x00" + message))
	const longest = 253 - 1 - 2*8
	// A name that is cut may end in a dot or a hyphen, and neither may precede a dot.
	stem := strings.TrimRight(about.Name[:min(len(about.Name), longest)], "-.")
	return stem + "." + hex.EncodeToString(sum[:8])
}

// ConfigMapReference returns the reference of an event about a ConfigMap.
func ConfigMapReference(object *corev1.ConfigMap) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: "v1", Kind: "ConfigMap",
		Namespace: object.Namespace, Name: object.Name, UID: object.UID,
	}
}

// ExecutionReference returns the reference of an event about an Execution.
func ExecutionReference(object *v1alpha1.Execution) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.ExecutionKind,
		Namespace: object.Namespace, Name: object.Name, UID: object.UID,
	}
}
