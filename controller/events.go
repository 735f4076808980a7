package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

// events writes Kubernetes Events, and returns only when the API server has
// them: client-go's recorders drop what they cannot deliver, without a word to
// the pod that asked for the event.
type events struct {
	client     Client
	clock      clock.PassiveClock
	controller string // the reporting component
	instance   string // the replica
}

// Reasons of the controller's own events.
const (
	eventExecutionStarted   = "ExecutionStarted"
	eventExecutionClosed    = "ExecutionClosed"
	eventTickSkipped        = "TickSkipped"
	eventTicksMissed        = "TicksMissed"
	eventNoNodes            = "NoNodes"
	eventJobRefused         = "JobRefused"
	eventJobInvalid         = "JobInvalid"
	eventRecordDamaged      = "RecordDamaged"
	eventRecordRefused      = "RecordRefused"
	eventTaskFailed         = "NodeTaskFailed"
	eventCallbackDenied     = "CallbackDenied"
	eventConfigReloaded     = "ConfigReloaded"
	eventConfigInvalid      = "ConfigInvalid"
	eventConfigNeedsRestart = "ConfigNeedsRestart"
	eventNotStarted         = "NotStarted"
)

// maxEventMessage is what the API takes of an event, in bytes: what it calls a
// note may have 1 kB.
const maxEventMessage = 1024

// emit writes an event about an object. The same event again only counts up.
func (e *events) emit(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string) error {
	kind := corev1.EventTypeNormal
	if warning {
		kind = corev1.EventTypeWarning
	}
	now := metav1.NewTime(e.clock.Now())
	name := eventName(about, kind, reason, message)
	event := &corev1.Event{
		ObjectMeta:          metav1.ObjectMeta{Name: name, Namespace: about.Namespace},
		InvolvedObject:      about,
		Type:                kind,
		Reason:              reason,
		Message:             message,
		Source:              corev1.EventSource{Component: e.controller, Host: e.instance},
		ReportingController: e.controller,
		ReportingInstance:   e.instance,
		FirstTimestamp:      now,
		LastTimestamp:       now,
		Count:               1,
	}
	client := e.client.CoreV1().Events(about.Namespace)
	_, err := client.Create(ctx, event, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return e.count(ctx, about.Namespace, name, now)
	}
	if err != nil {
		return fmt.Errorf("create event %s about %s %s: %w", reason, about.Kind, about.Name, err)
	}
	return nil
}

func (e *events) count(ctx context.Context, namespace, name string, now metav1.Time) error {
	client := e.client.CoreV1().Events(namespace)
	there, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read event %s: %w", name, err)
	}
	patch, err := json.Marshal(map[string]any{
		"count":         there.Count + 1,
		"lastTimestamp": now.UTC().Format(time.RFC3339),
	})
	if err != nil {
		return fmt.Errorf("event %s: %w", name, err)
	}
	if _, err := client.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("count event %s up: %w", name, err)
	}
	return nil
}

// eventName is computed from the event, so that a repetition is found without
// a search.
func eventName(about corev1.ObjectReference, kind, reason, message string) string {
	sum := sha256.Sum256([]byte(string(about.UID) + "\x00" + kind + "\x00" + reason + "\x00" + message))
	const longest = 253 - 1 - 2*8
	// Cut anywhere, the name may end in a dot or a hyphen, behind which no dot may
	// stand.
	stem := strings.TrimRight(about.Name[:min(len(about.Name), longest)], "-.")
	return stem + "." + hex.EncodeToString(sum[:8])
}

func recordReference(object *corev1.ConfigMap) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: "v1", Kind: "ConfigMap",
		Namespace: object.Namespace, Name: object.Name, UID: object.UID,
	}
}
