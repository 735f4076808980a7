package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

var (
	// ErrNameTaken says that the name of an Execution, or of a part of its plan, belongs to
	// an object that is not of this execution.
	ErrNameTaken = errors.New("the name is taken")
	// ErrRejected says that the Execution was rejected: it is never opened.
	ErrRejected = errors.New("the execution was rejected")
)

// Create creates the Execution of a plan, writes the plan, and opens the Execution with an
// account. If the Execution exists, another leader created it, or a request whose response
// was lost: Create opens it, or returns it as it was opened; then it is not new. Of several
// leaders that open it, with plans that may differ, one succeeds. The error is a
// DamagedError if the Execution was opened and is unreadable.
func (s Store) Create(ctx context.Context, plan execution.Plan, account execution.Account, now time.Time) (r Record, isNew bool, err error) {
	name := jobspec.ExecutionName(plan.NodeCronJob, plan.ID)
	e, err := s.executions.Create(ctx, s.request(plan, name), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		e, err = s.Find(ctx, name)
	}
	switch {
	case err != nil:
		return Record{}, false, fmt.Errorf("create execution record %s: %w", name, err)
	case !s.IsOf(e, plan.NodeCronJob, execution.Firing{Trigger: plan.Trigger, Scheduled: plan.Scheduled}):
		return Record{}, false, fmt.Errorf("%w: Execution %s is another one, of NodeCronJob %q", ErrNameTaken, name, e.Spec.NodeCronJobName)
	case e.Status.Phase == v1alpha1.Rejected:
		return Record{}, false, fmt.Errorf("%w: %s", ErrRejected, name)
	case !IsWaiting(e):
		r, err := s.Load(ctx, e)
		return r, false, err
	}
	r, err = s.open(ctx, e, plan, account, now)
	return r, err == nil, err
}

// request returns the Execution of a plan, as it is before it is opened.
func (s Store) request(plan execution.Plan, name string) *v1alpha1.Execution {
	labels := jobspec.CommonLabels(s.controller, jobspec.ExecutionComponent)
	labels[jobspec.NodeCronJobLabel] = plan.NodeCronJob
	return &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, Annotations: jobspec.CommonAnnotations()},
		Spec: v1alpha1.ExecutionSpec{
			NodeCronJobName: plan.NodeCronJob,
			Trigger:         triggerWord(plan.Trigger),
			ScheduledTime:   &metav1.Time{Time: plan.Scheduled},
		},
	}
}

// IsOf reports whether an Execution is that of a firing.
func (s Store) IsOf(e *v1alpha1.Execution, definition string, firing execution.Firing) bool {
	return e.Labels[jobspec.OwnerLabel] == s.controller && e.Spec.NodeCronJobName == definition &&
		e.Spec.Trigger == triggerWord(firing.Trigger) && e.Spec.ScheduledTime != nil && e.Spec.ScheduledTime.Time.Equal(firing.Scheduled)
}

// triggerWord returns a trigger as the API writes it.
func triggerWord(trigger execution.Trigger) v1alpha1.Trigger {
	switch trigger {
	case execution.Cron:
		return v1alpha1.CronTrigger
	case execution.Startup:
		return v1alpha1.StartupTrigger
	default:
		return v1alpha1.ManualTrigger
	}
}

// IsWaiting reports whether an Execution has been neither opened nor rejected.
func IsWaiting(e *v1alpha1.Execution) bool {
	s := e.Status
	return (s.Phase == "" || s.Phase == v1alpha1.Queued) && s.ExecutionID == "" && s.Plan == nil && s.Account == nil
}

// open writes the plan of an Execution, and opens it.
func (s Store) open(ctx context.Context, e *v1alpha1.Execution, plan execution.Plan, account execution.Account, now time.Time) (Record, error) {
	plan.Execution = execution.Object{Name: e.Name, UID: string(e.UID)}
	parts, err := pack(plan)
	if err != nil {
		return Record{}, err
	}
	if err := s.createParts(ctx, plan, parts); err != nil {
		return Record{}, err
	}
	object := e.DeepCopy()
	object.Status.ExecutionID, object.Status.OpenTime = v1alpha1.ExecutionID(plan.ID), &metav1.Time{Time: now}
	named := reference(parts)
	object.Status.Plan = &named
	object.Status = withNext(object, plan, Next{Account: account, At: now})
	written, err := s.executions.UpdateStatus(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		return Record{}, fmt.Errorf("open execution record %s: %w", e.Name, err)
	}
	return Record{Plan: plan, Account: account, Object: written}, nil
}

// createParts writes the parts of a plan. A part that exists is of an earlier try, or of
// another leader with the same plan.
func (s Store) createParts(ctx context.Context, plan execution.Plan, parts []Part) error {
	objects := partObjects(s.controller, plan, parts)
	return each(len(parts), func(i int) error {
		name := parts[i].Name
		_, err := s.parts.Create(ctx, objects[i], metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			var there *corev1.ConfigMap
			if there, err = s.parts.Get(ctx, name, metav1.GetOptions{}); err == nil {
				if wrong := checkPart(there, parts[i].PlanPart, types.UID(plan.Execution.UID)); wrong != nil {
					return fmt.Errorf("%w: %w", ErrNameTaken, wrong)
				}
			}
		}
		if err != nil {
			return fmt.Errorf("create plan part %s: %w", name, err)
		}
		return nil
	})
}

// readParts reads the parts of an Execution's plan, by their names.
func (s Store) readParts(ctx context.Context, e *v1alpha1.Execution) (map[string]*corev1.ConfigMap, error) {
	var mu sync.Mutex
	parts := map[string]*corev1.ConfigMap{}
	return parts, each(len(e.Status.Plan.Parts), func(i int) error {
		name := e.Status.Plan.Parts[i].Name
		object, err := s.parts.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read plan part %s: %w", name, err)
		}
		mu.Lock()
		defer mu.Unlock()
		parts[name] = object
		return nil
	})
}

// partsAtOnce is how many parts of a plan are written, or read, at the same time.
const partsAtOnce = 8

// each calls f with the numbers below n, a few of them at the same time, and returns the
// first error in their order.
func each(n int, f func(int) error) error {
	var work sync.WaitGroup
	errs, slots := make([]error, n), make(chan struct{}, partsAtOnce)
	for i := range n {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			errs[i] = f(i)
		})
	}
	work.Wait()
	return cmp.Or(errs...)
}

// Reject ends an Execution that has not been opened. Whichever comes first, this or its
// opening, is final: the other one is a conflict.
func (s Store) Reject(ctx context.Context, e *v1alpha1.Execution, now time.Time, reason, message string) error {
	object := e.DeepCopy()
	at := metav1.NewTime(now)
	object.Status.Phase, object.Status.CloseTime, object.Status.ObservedGeneration = v1alpha1.Rejected, &at, e.Generation
	object.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionRejected, Status: metav1.ConditionTrue, Reason: reason,
		Message: execution.Truncate(message, maxMessage), LastTransitionTime: at, ObservedGeneration: e.Generation,
	}}
	if _, err := s.executions.UpdateStatus(ctx, object, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("reject execution record %s: %w", e.Name, err)
	}
	return nil
}

// maxMessage bounds the message of a condition, in bytes.
const maxMessage = 1024
