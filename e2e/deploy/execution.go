package deploy

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Execution is an execution record as a reader sees it.
type Execution struct {
	execution.Plan
	Closed   bool
	Outcomes map[string]execution.Outcome // by node; only node tasks that have ended
	Record   *corev1.ConfigMap
}

// Executions returns the executions that have a record, oldest first.
func (c *Controller) Executions(ctx context.Context) ([]Execution, error) {
	records, err := c.cluster.CoreV1().ConfigMaps(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: c.recordSelector()})
	if err != nil {
		return nil, fmt.Errorf("list execution records: %w", err)
	}
	var all []Execution
	for i := range records.Items {
		e, err := readExecution(&records.Items[i])
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Execution) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all, nil
}

// WaitForExecution waits for an execution that meets all conditions.
func (c *Controller) WaitForExecution(ctx context.Context, wanted ...func(Execution) bool) (Execution, error) {
	client := c.cluster.CoreV1().ConfigMaps(c.Namespace)
	list := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = c.recordSelector()
			return client.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = c.recordSelector()
			return client.Watch(ctx, o)
		},
	}
	var found, last Execution
	_, err := watchtools.UntilWithSync(ctx, list, &corev1.ConfigMap{}, nil, func(event watch.Event) (bool, error) {
		record, ok := event.Object.(*corev1.ConfigMap)
		if !ok || event.Type == watch.Deleted {
			return false, nil
		}
		e, err := readExecution(record)
		if err != nil {
			return false, err
		}
		last = e
		for _, is := range wanted {
			if !is(e) {
				return false, nil
			}
		}
		found = e
		return true, nil
	})
	if err != nil {
		return found, c.explain(fmt.Errorf("wait for an execution: %w; the last seen was %q: closed %t, %v",
			errors.Join(err, context.Cause(ctx)), last.ID, last.Closed, last.Outcomes))
	}
	return found, nil
}

// IsClosed reports whether an execution is closed.
func IsClosed(e Execution) bool { return e.Closed }

// IsTriggeredBy returns the condition that the trigger started an execution.
func IsTriggeredBy(t execution.Trigger) func(Execution) bool {
	return func(e Execution) bool { return e.Trigger == t }
}

// IsAfter returns the condition that an execution is newer than another.
func IsAfter(id execution.ID) func(Execution) bool {
	return func(e Execution) bool { return e.ID > id }
}

func (c *Controller) recordSelector() string {
	return jobspec.Selector(c.Name, jobspec.RecordComponent).String()
}

func readExecution(record *corev1.ConfigMap) (Execution, error) {
	e := Execution{Closed: record.Data["phase"] == string(execution.Closed), Outcomes: map[string]execution.Outcome{}, Record: record}
	packed, err := gzip.NewReader(bytes.NewReader(record.BinaryData["plan.json.gz"]))
	if err == nil {
		err = json.NewDecoder(packed).Decode(&e.Plan)
	}
	if err != nil {
		return e, fmt.Errorf("plan of execution record %s: %w", record.Name, err)
	}
	for line := range strings.Lines(record.Data["outcomes"]) {
		word, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		state, reason, _ := strings.Cut(word, "/")
		indexes, err := execution.ParseIndexes(text)
		if err != nil {
			return e, fmt.Errorf("outcomes of execution record %s: %w", record.Name, err)
		}
		for i := range indexes.All() {
			e.Outcomes[e.Nodes[i].Name] = execution.Outcome{State: execution.State(state), Reason: execution.Reason(reason)}
		}
	}
	for _, skip := range e.Skipped {
		e.Outcomes[skip.Node] = execution.Outcome{State: execution.Skipped, Reason: skip.Reason}
	}
	return e, nil
}
