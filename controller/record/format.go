package record

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

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
	// Tasks that succeeded without a result, written when the execution closes. Earlier
	// versions did not write the key.
	unreportedKey = "unreported"
)

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
		return Record{}, fmt.Errorf("execution record %s: %s: belongs to execution %q, but the label says %q", object.Name, planKey, plan.ID, id)
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
