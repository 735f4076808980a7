package controller

import (
	"context"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// outcomes returns how each node's task of a record ended.
func outcomes(r record.Record) map[string]execution.Outcome {
	all := map[string]execution.Outcome{}
	for outcome, indexes := range r.Account.Outcomes {
		for i := range indexes.All() {
			all[r.Plan.Nodes[i].Name] = outcome
		}
	}
	return all
}

// eventsIn returns all events in the form in which kubectl gets them: the fake API server
// has the two forms as different objects.
func eventsIn(t *testing.T, client kubernetes.Interface) []corev1.Event {
	t.Helper()
	list, err := client.EventsV1().Events(metav1.NamespaceAll).List(context.Background(), metav1.ListOptions{})
	must(t, err)
	var all []corev1.Event
	for _, e := range list.Items {
		same := corev1.Event{
			ObjectMeta: e.ObjectMeta, InvolvedObject: e.Regarding, Type: e.Type, Reason: e.Reason, Message: e.Note, Action: e.Action, EventTime: e.EventTime,
			Count: 1, ReportingController: e.ReportingController, ReportingInstance: e.ReportingInstance,
		}
		if e.Series != nil {
			same.Count = e.Series.Count
			same.Series = &corev1.EventSeries{Count: e.Series.Count, LastObservedTime: e.Series.LastObservedTime}
		}
		all = append(all, same)
	}
	return all
}

// eventReasons returns the reasons of all events.
func (c *cluster) eventReasons() string {
	c.t.Helper()
	var reasons []string
	for _, e := range eventsIn(c.t, c.client) {
		reasons = append(reasons, e.Type+"/"+e.Reason)
	}
	return strings.Join(reasons, " ")
}

// metric returns the sum of a metric's series that have the labels.
func (r *replica) metric(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	must(r.t, err)
	sum := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			have := ""
			for _, l := range m.GetLabel() {
				have += l.GetName() + "=" + l.GetValue() + ","
			}
			matches := true
			for _, want := range labels {
				matches = matches && strings.Contains(have, want+",")
			}
			if matches {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

func (c *cluster) jobsOfNode(node string) []batchv1.Job {
	c.t.Helper()
	list, err := c.client.BatchV1().Jobs(testNamespace).List(c.ctx, metav1.ListOptions{})
	must(c.t, err)
	return slices.DeleteFunc(list.Items, func(j batchv1.Job) bool { return j.Annotations[jobspec.NodeAnnotation] != node })
}

// jobsByExecution counts the Jobs that existing records own.
func (r *replica) jobsByExecution(c *cluster) map[string]int {
	c.t.Helper()
	list, err := c.client.BatchV1().Jobs(testNamespace).List(c.ctx, metav1.ListOptions{})
	must(c.t, err)
	kept := map[string]bool{}
	for _, rec := range c.records() {
		kept[rec.Object.Name] = true
	}
	count := map[string]int{}
	for _, job := range list.Items {
		if owner := job.OwnerReferences[0].Name; kept[owner] { // the fake collects no garbage
			count[owner]++
		}
	}
	return count
}
