package record

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
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
	Object  *corev1.ConfigMap // as last read or written: its resourceVersion is what the next write is compared with
}

// Owner returns what the Jobs of the execution name as their owner.
func (r Record) Owner() jobspec.Owner {
	return jobspec.Owner{Name: r.Object.Name, UID: r.Object.UID}
}

// ReportedNodes returns the nodes that sent a result, by a closed record. There are none
// if the record lacks the key, or if results are optional.
func (r Record) ReportedNodes() (nodes []string) {
	if _, says := r.Object.Data[unreportedKey]; !says || r.Plan.Settings.ResultOptional {
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

// The keys of a record's ConfigMap. All except the plan are readable with kubectl.
const (
	planKey      = "plan.json.gz"
	triggerKey   = "trigger"
	scheduledKey = "scheduled"
	nodesKey     = "nodes"
	phaseKey     = "phase"
	closedKey    = "closed"
	admittedKey  = "admitted"
	createdKey   = "created"
	outcomesKey  = "outcomes" // lines of "state[/reason] indexes"
	// Tasks that succeeded without a result, in a closed one. Those that earlier
	// versions closed lack it.
	unreportedKey = "unreported"
)

// Create writes the record of a new execution. It returns an AlreadyExists
// error if there is one of its ID.
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

// Swap replaces the account, unless another writer changed the record since it was read: the error is then a
// Conflict.
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

func parse(object *corev1.ConfigMap) (Record, error) {
	schema, err := schemaOf(object)
	if err != nil {
		return Record{}, fmt.Errorf("execution record %s: %w", object.Name, err)
	}
	if schema > Schema {
		return Record{}, newNewerError(object, schema)
	}
	plan, err := unpackPlan(object.BinaryData[planKey])
	if err != nil {
		return Record{}, fmt.Errorf("execution record %s: %s: %w", object.Name, planKey, err)
	}
	if id := execution.ID(object.Labels[jobspec.ExecutionLabel]); plan.ID != id {
		return Record{}, fmt.Errorf("execution record %s: %s: is of execution %q, the label says %q", object.Name, planKey, plan.ID, id)
	}
	account, err := parseAccount(object.Data, len(plan.Nodes))
	if err != nil {
		return Record{}, fmt.Errorf("execution record %s: %w", object.Name, err)
	}
	return Record{Plan: plan, Account: account, Object: object}, nil
}

func packPlan(plan execution.Plan) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if err := errors.Join(json.NewEncoder(w).Encode(plan), w.Close()); err != nil {
		return nil, fmt.Errorf("pack the plan of execution %s: %w", plan.ID, err)
	}
	return out.Bytes(), nil
}

// maxPlan bounds an unpacked plan, in bytes.
const maxPlan = 64 << 20

func unpackPlan(packed []byte) (execution.Plan, error) {
	var plan execution.Plan
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return plan, err
	}
	if err := json.NewDecoder(io.LimitReader(r, maxPlan)).Decode(&plan); err != nil {
		return plan, err
	}
	if _, err := execution.ParseID(string(plan.ID)); err != nil {
		return plan, err
	}
	return plan, nil
}

func writeAccount(data map[string]string, a execution.Account) {
	data[phaseKey] = string(a.Phase)
	data[admittedKey] = a.Admitted.String()
	data[createdKey] = a.Created.String()
	data[outcomesKey] = formatOutcomes(a.Outcomes)
	if !a.ClosedAt.IsZero() {
		data[closedKey] = a.ClosedAt.UTC().Format(time.RFC3339)
		data[unreportedKey] = a.Unreported.String()
	}
}

func formatOutcomes(outcomes map[execution.Outcome]execution.Indexes) string {
	lines := make([]string, 0, len(outcomes))
	for outcome, indexes := range outcomes {
		word := string(outcome.State)
		if outcome.Reason != "" {
			word += "/" + string(outcome.Reason)
		}
		lines = append(lines, word+" "+indexes.String())
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func parseAccount(data map[string]string, nodes int) (execution.Account, error) {
	var a execution.Account
	var errs []error
	indexes := func(key, text string) execution.Indexes {
		x, err := execution.ParseIndexes(text)
		if err == nil && x.Max() >= nodes {
			err = fmt.Errorf("index %d: the execution has %d nodes", x.Max(), nodes)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
		return x
	}
	switch a.Phase = execution.Phase(data[phaseKey]); a.Phase {
	case execution.Open, execution.Closing, execution.Closed:
	default:
		errs = append(errs, fmt.Errorf("%s: %.32q: must be Open, Closing or Closed", phaseKey, a.Phase))
	}
	if closed := data[closedKey]; closed != "" {
		at, err := time.Parse(time.RFC3339, closed)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", closedKey, err))
		}
		a.ClosedAt = at
	}
	a.Admitted = indexes(admittedKey, data[admittedKey])
	a.Created = indexes(createdKey, data[createdKey])
	a.Unreported = indexes(unreportedKey, data[unreportedKey])
	a.Outcomes = map[execution.Outcome]execution.Indexes{}
	for line := range strings.Lines(data[outcomesKey]) {
		word, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		state, reason, _ := strings.Cut(word, "/")
		outcome := execution.Outcome{State: execution.State(state), Reason: execution.Reason(reason)}
		if !outcome.State.Final() {
			errs = append(errs, fmt.Errorf("%s: %.32q: must begin with a final state", outcomesKey, line))
			continue
		}
		a.Outcomes[outcome] = indexes(outcomesKey, text)
	}
	seen := make([]bool, nodes)
	for _, ended := range a.Outcomes {
		for i := range ended.All() {
			if i < nodes && seen[i] {
				errs = append(errs, fmt.Errorf("%s: index %d: has two outcomes", outcomesKey, i))
			} else if i < nodes {
				seen[i] = true
			}
		}
	}
	return a, errors.Join(errs...)
}
