package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
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

// ErrNameTaken says that the name of an Execution, or of a part of its plan, belongs to an
// object that is not of this execution.
var ErrNameTaken = errors.New("the name is taken")

// maxSuffix bounds the names that are tried for the Execution of a firing.
const maxSuffix = 9

// Create creates the Execution of a firing. If it exists, another leader created it, or a
// request whose response was lost: Create returns it, whether it waits or was opened. If its
// name belongs to another Execution, or to one that was rejected, it gets the name with a
// suffix: a person may have created one too early. The error is ErrNameTaken if these names
// are taken as well.
func (s Store) Create(ctx context.Context, of NodeCronJob, firing execution.Firing) (*v1alpha1.Execution, error) {
	first := jobspec.ExecutionName(of.Name, execution.NewID(firing.Scheduled))
	for n := range maxSuffix + 1 {
		name := first
		if n > 0 {
			name = first + "-" + strconv.Itoa(n)
		}
		e, err := s.executions.Create(ctx, s.request(of, firing, name), metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			e, err = s.Find(ctx, name)
		}
		if err != nil {
			return nil, fmt.Errorf("create execution record %s: %w", name, err)
		}
		if s.isOf(e, of, firing) && e.Status.Phase != v1alpha1.Rejected {
			return e, nil
		}
	}
	return nil, fmt.Errorf("%w: those of Execution %s, and of %s-1 to -%d, are others", ErrNameTaken, first, first, maxSuffix)
}

// request returns the Execution of a firing, as it is before it is opened.
func (s Store) request(of NodeCronJob, firing execution.Firing, name string) *v1alpha1.Execution {
	labels := jobspec.CommonLabels(s.controller, jobspec.ExecutionComponent)
	labels[jobspec.NodeCronJobLabel] = of.Name
	return &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, Annotations: jobspec.CommonAnnotations(), OwnerReferences: of.owners()},
		Spec: v1alpha1.ExecutionSpec{
			NodeCronJobName: of.Name,
			Trigger:         triggerWord(firing.Trigger),
			ScheduledTime:   &metav1.Time{Time: firing.Scheduled},
		},
	}
}

// isOf reports whether an Execution is that of a firing. A person may have created it.
func (s Store) isOf(e *v1alpha1.Execution, of NodeCronJob, firing execution.Firing) bool {
	owner := ownedBy(e)
	return s.MayTake(e) && e.Spec.NodeCronJobName == of.Name && (owner == "" || of.UID == "" || owner == of.UID) &&
		e.Spec.Trigger == triggerWord(firing.Trigger) && e.Spec.ScheduledTime != nil && e.Spec.ScheduledTime.Time.Equal(firing.Scheduled)
}

// FiringOf returns why an Execution was created, and when it was due.
func FiringOf(e *v1alpha1.Execution) execution.Firing {
	firing := execution.Firing{Trigger: triggerOf(e.Spec.Trigger), Scheduled: e.CreationTimestamp.Time}
	if e.Spec.ScheduledTime != nil {
		firing.Scheduled = e.Spec.ScheduledTime.Time
	}
	firing.Scheduled = firing.Scheduled.UTC().Truncate(time.Second)
	return firing
}

// triggerOf returns a trigger of the API. It defaults to a person.
func triggerOf(word v1alpha1.Trigger) execution.Trigger {
	switch word {
	case v1alpha1.CronTrigger:
		return execution.Cron
	case v1alpha1.StartupTrigger:
		return execution.Startup
	case v1alpha1.ManualTrigger:
	}
	return execution.Manual
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

// Open writes the plan of an Execution, and opens it. Of several leaders that open it, with
// plans that may differ, one succeeds: the others get a Conflict error. The error is
// ErrNameTaken if the name of a part belongs to another object.
func (s Store) Open(ctx context.Context, e *v1alpha1.Execution, plan execution.Plan, first Next) (Record, error) {
	plan.Execution = execution.Object{Name: e.Name, UID: string(e.UID)}
	parts, err := pack(plan)
	if err != nil {
		return Record{}, err
	}
	if err := s.createParts(ctx, plan, parts); err != nil {
		return Record{}, err
	}
	object := e.DeepCopy()
	object.Status.ExecutionID, object.Status.OpenTime = v1alpha1.ExecutionID(plan.ID), &metav1.Time{Time: first.At}
	named := reference(parts)
	object.Status.Plan = &named
	object.Status = withNext(object, plan, first)
	written, err := s.executions.UpdateStatus(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		return Record{}, fmt.Errorf("open execution record %s: %w", e.Name, err)
	}
	return Record{Plan: plan, Account: first.Account, Object: written}, nil
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

// Queue writes that an Execution waits, and for what.
func (s Store) Queue(ctx context.Context, e *v1alpha1.Execution, now time.Time, message string) (*v1alpha1.Execution, error) {
	object := e.DeepCopy()
	object.Status.Phase, object.Status.ObservedGeneration = v1alpha1.Queued, e.Generation
	object.Status.Conditions = []metav1.Condition{condition(e, now, v1alpha1.ConditionComplete, metav1.ConditionFalse, v1alpha1.ReasonWaiting, message)}
	written, err := s.executions.UpdateStatus(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		return nil, fmt.Errorf("queue execution record %s: %w", e.Name, err)
	}
	return written, nil
}

// Reject ends an Execution that has not been opened. Whichever comes first, this or its
// opening, is final: the other one is a conflict.
func (s Store) Reject(ctx context.Context, e *v1alpha1.Execution, now time.Time, reason, message string) error {
	object := e.DeepCopy()
	at := metav1.NewTime(now)
	object.Status.Phase, object.Status.CloseTime, object.Status.ObservedGeneration = v1alpha1.Rejected, &at, e.Generation
	object.Status.Conditions = []metav1.Condition{condition(e, now, v1alpha1.ConditionRejected, metav1.ConditionTrue, reason, message)}
	if _, err := s.executions.UpdateStatus(ctx, object, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("reject execution record %s: %w", e.Name, err)
	}
	return nil
}

// condition returns a condition of an Execution that has just become true.
func condition(e *v1alpha1.Execution, now time.Time, kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: execution.Truncate(message, maxMessage),
		LastTransitionTime: metav1.NewTime(now), ObservedGeneration: e.Generation,
	}
}

// maxMessage bounds the message of a condition, in bytes.
const maxMessage = 1024
