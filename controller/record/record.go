package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	v1alpha1client "github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Record is an execution that has been opened, with its plan.
type Record struct {
	Plan    execution.Plan
	Account execution.Account
	Object  *v1alpha1.Execution // as last read or written; the next write is compared with its resourceVersion
}

// Head returns the execution without its plan.
func (r Record) Head() Head { return HeadOf(r.Object) }

// Owner returns the owner of the execution's Jobs.
func (r Record) Owner() jobspec.Owner { return ownerOf(r.Object) }

// ReportedNodes returns the nodes that sent a result, according to a closed execution. It
// returns none if results are optional.
func (r Record) ReportedNodes() (nodes []string) {
	if r.Plan.Settings.ResultOptional {
		return nil
	}
	for i, end := range r.Account.Ends() {
		if end.State == execution.Succeeded && i < len(r.Plan.Nodes) {
			nodes = append(nodes, r.Plan.Nodes[i].Name)
		}
	}
	return nodes
}

// Verdicts returns how the task of each node of a closed execution ended, also of those that
// were skipped when it opened.
func (r Record) Verdicts() map[string]execution.State {
	all := make(map[string]execution.State, len(r.Plan.Nodes)+len(r.Plan.Skipped))
	for i, end := range r.Account.Ends() {
		all[r.Plan.Nodes[i].Name] = end.State
	}
	for _, skip := range r.Plan.Skipped {
		all[skip.Node] = execution.Skipped
	}
	return all
}

// Head is an execution that has been opened, without its plan.
type Head struct {
	ID        execution.ID
	Scheduled time.Time
	Phase     execution.Phase
	ClosedAt  time.Time // zero until closed
	Object    *v1alpha1.Execution
}

// HeadOf returns an Execution that has been opened, as its status says.
func HeadOf(e *v1alpha1.Execution) Head {
	h := Head{ID: execution.ID(e.Status.ExecutionID), Phase: execution.Phase(e.Status.Phase), Object: e}
	if at := e.Spec.ScheduledTime; at != nil {
		h.Scheduled = at.Time
	}
	if at := e.Status.CloseTime; at != nil {
		h.ClosedAt = at.Time
	}
	return h
}

// Owner returns the owner of the execution's Jobs.
func (h Head) Owner() jobspec.Owner { return ownerOf(h.Object) }

func ownerOf(e *v1alpha1.Execution) jobspec.Owner { return jobspec.Owner{Name: e.Name, UID: e.UID} }

// Store reads and writes Executions and the parts of their plans. An Execution is created
// once, under a name computed from its ID, and changed by compare-and-swap: a stale write is
// a conflict. Parts are never changed.
type Store struct {
	executions v1alpha1client.ExecutionInterface
	parts      corev1client.ConfigMapInterface
	controller string
}

// NewStore returns the store of a controller's executions.
func NewStore(executions v1alpha1client.ExecutionInterface, parts corev1client.ConfigMapInterface, controller string) Store {
	return Store{executions: executions, parts: parts, controller: controller}
}

// ErrUnchanged says that a write was demanded, but nothing would have changed. A second later,
// the duration of the execution has.
var ErrUnchanged = errors.New("nothing has changed in this second, so nothing was written")

// Swap replaces the account, and all of the status that follows from it and from the spec. It
// returns a Conflict error if another client has changed the Execution since it was read.
func (s Store) Swap(ctx context.Context, old Record, next Next) (Record, error) {
	object := old.Object.DeepCopy()
	object.Status = withNext(object, old.Plan, next)
	written, err := s.executions.UpdateStatus(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		return Record{}, fmt.Errorf("update execution record %s: %w", object.Name, err)
	}
	if next.Write && written.ResourceVersion == old.Object.ResourceVersion {
		return Record{}, fmt.Errorf("update execution record %s: %w", object.Name, ErrUnchanged)
	}
	return Record{Plan: old.Plan, Account: next.Account, Object: written}, nil
}

// Find reads an Execution from the API server, whether it has been opened or not.
func (s Store) Find(ctx context.Context, name string) (*v1alpha1.Execution, error) {
	e, err := s.executions.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read execution record %s: %w", name, err)
	}
	return e, nil
}

// Refresh reads an execution again. Its plan never changes: it is read only if the
// Execution names another one. If the Execution is unreadable, the error is a NewerError or
// a DamagedError. It is a NotFound error if another one has its name.
func (s Store) Refresh(ctx context.Context, old Record) (Record, error) {
	e, err := s.Find(ctx, old.Object.Name)
	if err != nil {
		return Record{}, err
	}
	if e.UID != old.Object.UID {
		return Record{}, notFound(e.Name)
	}
	if !samePlan(e, old.Object) {
		return s.Load(ctx, e)
	}
	return readable(e, func() (Record, error) { return parse(e, old.Plan) })
}

// Load reads the plan of an Execution that has been opened. If either is unreadable, the
// error is a NewerError or a DamagedError. It is a NotFound error if the Execution was
// deleted meanwhile.
func (s Store) Load(ctx context.Context, e *v1alpha1.Execution) (Record, error) {
	var failed error // a request
	missing := false
	r, err := readable(e, func() (Record, error) {
		if err := checkOpened(e); err != nil {
			return Record{}, err
		}
		var parts map[string]*corev1.ConfigMap
		if parts, failed = s.readParts(ctx, e); failed != nil {
			return Record{}, failed
		}
		missing = len(parts) < len(e.Status.Plan.Parts)
		plan, err := planOf(e, parts)
		if err != nil {
			return Record{}, err
		}
		return parse(e, plan)
	})
	switch {
	case failed != nil:
		return Record{}, failed
	case missing: // the garbage collector may have deleted it
		return Record{}, cmp.Or(s.deleted(ctx, e), err)
	}
	return r, err
}

// deleted returns a NotFound error if the Execution was deleted, or the error of the
// request.
func (s Store) deleted(ctx context.Context, e *v1alpha1.Execution) error {
	now, err := s.Find(ctx, e.Name)
	if err != nil {
		return err
	}
	if now.UID != e.UID {
		return notFound(e.Name)
	}
	return nil
}

func notFound(name string) error {
	return apierrors.NewNotFound(v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource).GroupResource(), name)
}

// Listing is executions: all of a controller, or those of one definition.
type Listing struct {
	Records  []Record              // open and closing, ordered by ID
	Closed   []Head                // ordered by ID
	Waiting  []*v1alpha1.Execution // to be opened, the oldest first: also those that persons created for any controller
	Rejected []*v1alpha1.Execution // never opened, the oldest first
	Newer    []*NewerError         // that only a later version can read
	Damaged  []*DamagedError       // that no version can read
}

// Opened returns the executions that have been opened, without their plans.
func (l Listing) Opened() []Head {
	all := slices.Clone(l.Closed)
	for _, r := range l.Records {
		all = append(all, r.Head())
	}
	return all
}

// All reads all Executions of the controller from the API server, not from a cache, and those
// that wait and that no controller has labelled: persons created them.
func (s Store) All(ctx context.Context) ([]v1alpha1.Execution, error) {
	return s.list(ctx, metav1.ListOptions{})
}

func (s Store) list(ctx context.Context, o metav1.ListOptions) ([]v1alpha1.Execution, error) {
	list, err := s.executions.List(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("list execution records: %w", err)
	}
	return slices.DeleteFunc(list.Items, func(e v1alpha1.Execution) bool {
		owner := e.Labels[jobspec.OwnerLabel]
		return owner != s.controller && (owner != "" || !IsWaiting(&e))
	}), nil
}

// List reads what All reads, and the plans of executions that have not closed, by the name of
// the NodeCronJob.
func (s Store) List(ctx context.Context) (map[string]Listing, error) {
	objects, err := s.All(ctx)
	if err != nil {
		return nil, err
	}
	return s.listings(ctx, objects)
}

// ListOf is List for one NodeCronJob, without those that no controller has labelled.
func (s Store) ListOf(ctx context.Context, definition string) (Listing, error) {
	objects, err := s.list(ctx, metav1.ListOptions{LabelSelector: labels.Set{
		jobspec.OwnerLabel: s.controller, jobspec.NodeCronJobLabel: definition,
	}.String()})
	if err != nil {
		return Listing{}, err
	}
	objects = slices.DeleteFunc(objects, func(e v1alpha1.Execution) bool { return e.Spec.NodeCronJobName != definition })
	all, err := s.listings(ctx, objects)
	return all[definition], err
}

func (s Store) listings(ctx context.Context, objects []v1alpha1.Execution) (map[string]Listing, error) {
	all := map[string]Listing{}
	for i := range objects {
		e := &objects[i]
		of := all[e.Spec.NodeCronJobName]
		if err := s.add(ctx, &of, e); err != nil {
			return nil, err
		}
		all[e.Spec.NodeCronJobName] = of
	}
	for _, of := range all {
		slices.SortFunc(of.Records, func(a, b Record) int { return cmp.Compare(a.Plan.ID, b.Plan.ID) })
		slices.SortFunc(of.Closed, func(a, b Head) int { return cmp.Compare(a.ID, b.ID) })
		slices.SortFunc(of.Waiting, ByAge)
		slices.SortFunc(of.Rejected, ByAge)
	}
	return all, nil
}

// ByAge compares the order in which Executions are opened.
func ByAge(a, b *v1alpha1.Execution) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

// add adds an Execution to a listing.
func (s Store) add(ctx context.Context, all *Listing, e *v1alpha1.Execution) (err error) {
	var r Record
	switch {
	case IsWaiting(e):
		all.Waiting = append(all.Waiting, e)
		return nil
	case e.Status.Phase == v1alpha1.Rejected:
		all.Rejected = append(all.Rejected, e)
		return nil
	case e.Status.Phase == v1alpha1.Closed:
		_, err = readable(e, func() (Record, error) { return Record{}, checkOpened(e) })
	default:
		r, err = s.Load(ctx, e)
	}
	var newer *NewerError
	var damaged *DamagedError
	switch {
	case errors.As(err, &newer):
		all.Newer = append(all.Newer, newer)
	case errors.As(err, &damaged):
		all.Damaged = append(all.Damaged, damaged)
	case apierrors.IsNotFound(err): // it was deleted meanwhile
	case err != nil:
		return err
	case e.Status.Phase == v1alpha1.Closed:
		all.Closed = append(all.Closed, HeadOf(e))
	default:
		all.Records = append(all.Records, r)
	}
	return nil
}

// Delete deletes an Execution, and with it its plan and all Jobs that it owns.
func (s Store) Delete(ctx context.Context, e *v1alpha1.Execution) error {
	background := metav1.DeletePropagationBackground
	err := s.executions.Delete(ctx, e.Name, metav1.DeleteOptions{
		Preconditions:     &metav1.Preconditions{UID: &e.UID},
		PropagationPolicy: &background,
	})
	if err != nil {
		return fmt.Errorf("delete execution record %s: %w", e.Name, err)
	}
	return nil
}
