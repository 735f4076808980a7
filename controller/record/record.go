package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Record is an execution record in the API server.
type Record struct {
	Plan    execution.Plan
	Account execution.Account
	Object  *corev1.ConfigMap // as last read or written; the next write is compared with its resourceVersion
}

// Owner returns the owner of the execution's Jobs.
func (r Record) Owner() jobspec.Owner {
	return jobspec.Owner{Name: r.Object.Name, UID: r.Object.UID}
}

// ReportedNodes returns the nodes that sent a result, according to a closed record. It
// returns none if the record lacks the key, or if results are optional.
func (r Record) ReportedNodes() (nodes []string) {
	if _, ok := r.Object.Data[unreportedKey]; !ok || r.Plan.Settings.ResultOptional {
		return nil
	}
	for i, end := range r.Account.Ends() {
		if end.State == execution.Succeeded && i < len(r.Plan.Nodes) {
			nodes = append(nodes, r.Plan.Nodes[i].Name)
		}
	}
	return nodes
}

// Store reads and writes execution records. A record is created once, under a name
// computed from its ID, and changed by compare-and-swap: a stale write is a conflict.
type Store struct {
	client     corev1client.ConfigMapInterface
	controller string
}

// NewStore returns the store of a controller's records.
func NewStore(client corev1client.ConfigMapInterface, controller string) Store {
	return Store{client: client, controller: controller}
}

// Create writes the record of a new execution. It returns an AlreadyExists error if its ID
// has a record.
func (r Store) Create(ctx context.Context, plan execution.Plan, account execution.Account) (Record, error) {
	packed, err := packPlan(plan)
	if err != nil {
		return Record{}, err
	}
	object := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Name:   jobspec.RecordName(r.controller, plan.ID),
			Labels: jobspec.CommonLabels(r.controller, jobspec.RecordComponent),
		},
		BinaryData: map[string][]byte{planKey: packed},
		Data: map[string]string{
			schemaKey:    fmt.Sprint(Schema),
			triggerKey:   string(plan.Trigger),
			scheduledKey: plan.Scheduled.UTC().Format(time.RFC3339),
			nodesKey:     fmt.Sprint(len(plan.Nodes)),
		},
	}
	object.Labels[jobspec.ExecutionLabel] = string(plan.ID)
	writeAccount(object.Data, account)
	created, err := r.client.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return Record{}, fmt.Errorf("create execution record %s: %w", object.Name, err)
	}
	return Record{Plan: plan, Account: account, Object: created}, nil
}

// Swap replaces the account. It returns a Conflict error if another writer has changed the
// record since it was read.
func (r Store) Swap(ctx context.Context, old Record, account execution.Account) (Record, error) {
	object := old.Object.DeepCopy()
	writeAccount(object.Data, account)
	written, err := r.client.Update(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		return Record{}, fmt.Errorf("update execution record %s: %w", object.Name, err)
	}
	return Record{Plan: old.Plan, Account: account, Object: written}, nil
}

// Get reads a record from the API server. If it exists and is unreadable, the error is a
// NewerError or a DamagedError.
func (r Store) Get(ctx context.Context, id execution.ID) (Record, error) {
	name := jobspec.RecordName(r.controller, id)
	object, err := r.client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return Record{}, fmt.Errorf("read execution record %s: %w", name, err)
	}
	parsed, err := parse(object)
	var newer *NewerError
	switch {
	case errors.As(err, &newer):
		return Record{}, err
	case err != nil:
		return Record{}, newDamagedError(object, err)
	}
	return parsed, nil
}

// Listing is all records.
type Listing struct {
	Records []Record        // that can be read, ordered by ID
	Newer   []*NewerError   // that only a later version can read
	Damaged []*DamagedError // that no version can read
}

// List reads all records from the API server, not from a cache.
func (r Store) List(ctx context.Context) (Listing, error) {
	var all Listing
	objects, err := r.client.List(ctx, metav1.ListOptions{
		LabelSelector: jobspec.Selector(r.controller, jobspec.RecordComponent).String(),
	})
	if err != nil {
		return all, fmt.Errorf("list execution records: %w", err)
	}
	for i := range objects.Items {
		parsed, err := parse(&objects.Items[i])
		var newer *NewerError
		switch {
		case errors.As(err, &newer):
			all.Newer = append(all.Newer, newer)
		case err != nil:
			all.Damaged = append(all.Damaged, newDamagedError(&objects.Items[i], err))
		default:
			all.Records = append(all.Records, parsed)
		}
	}
	slices.SortFunc(all.Records, func(a, b Record) int { return cmp.Compare(a.Plan.ID, b.Plan.ID) })
	return all, nil
}

// Delete deletes a record, and with it all Jobs that it owns.
func (r Store) Delete(ctx context.Context, old Record) error {
	background := metav1.DeletePropagationBackground
	err := r.client.Delete(ctx, old.Object.Name, metav1.DeleteOptions{
		Preconditions:     &metav1.Preconditions{UID: &old.Object.UID},
		PropagationPolicy: &background,
	})
	if err != nil {
		return fmt.Errorf("delete execution record %s: %w", old.Object.Name, err)
	}
	return nil
}
