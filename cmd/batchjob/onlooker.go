package batchjob

import (
	"context"
	"fmt"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

const (
	askedByName    = 50              // pods that are asked for by name at once: the names have to fit into a URL
	eventInterval  = 5 * time.Second // how often events are looked at: the API server has no index of them
	eventsAtOnce   = 500             // how many of them are read in a request
	eventsRequests = 10              // how many requests that may take
)

// onlooker looks again and again at the pods of an open execution. What it asks
// for grows with the pool, and not with the cluster: there are no more pods than
// places in the pool that have not ended.
type onlooker struct {
	*installation
	asked  time.Time // for events
	events []corev1.Event
	read   time.Time // when pods that run for long were
	long   []corev1.Pod
}

// look adds to an execution which of its nodes run, and which ones do not get
// started. Pods go from pending to running and to the record: asked in the
// opposite order, one that goes on meanwhile would be nowhere.
func (o *onlooker) look(ctx context.Context, e progress.Execution, now time.Time) (progress.Execution, error) {
	if len(e.Admitted) == 0 {
		return e, nil
	}
	var seen progress.Pods
	pending, err := o.podsOf(ctx, e, "status.phase=Pending")
	if err != nil {
		return e, err
	}
	seen.Pending(e, pending)
	running, err := o.namesOf(ctx, e, "status.phase=Running")
	if err != nil {
		return e, err
	}
	seen.Started(e, running)
	if err := o.readLong(ctx, running, now); err != nil {
		return e, err
	}
	seen.StillRuns(e, o.long, now)
	// Those that have ended are as many as there are nodes: only the few that
	// may not be in the record yet are asked for.
	if unseen := seen.Unseen(e); len(unseen) > 0 {
		ended, err := o.namesOf(ctx, e, "status.phase!=Pending", unseen[:min(len(unseen), askedByName)]...)
		if err != nil {
			return e, err
		}
		seen.Started(e, ended)
	}
	if seen.Missing(e) {
		if err := o.askForEvents(ctx, now); err != nil {
			return e, err
		}
		seen.Refused(e, o.events, func(node string) string { return o.jobOf(e.ID, node) })
	}
	return e.With(seen), nil
}

func (i *installation) jobOf(id execution.ID, node string) string {
	return jobspec.JobName(i.config.Name, execution.Key{Execution: id, Node: node})
}

func (i *installation) podSelector(e progress.Execution) string {
	return jobspec.Selector(i.config.Name, jobspec.JobComponent).String() + "," + jobspec.ExecutionLabel + "=" + string(e.ID)
}

// podsOf returns the pods of an execution that are in these phases.
func (i *installation) podsOf(ctx context.Context, e progress.Execution, phases string) ([]corev1.Pod, error) {
	pods, err := i.CoreV1().Pods(i.namespace).List(ctx, metav1.ListOptions{LabelSelector: i.podSelector(e), FieldSelector: phases})
	if err != nil {
		return nil, fmt.Errorf("look at the pods of execution %s: %w", e.ID, err)
	}
	return pods.Items, nil
}

// namesOf returns of the pods only the metadata, and if nodes are given, only
// theirs.
func (i *installation) namesOf(ctx context.Context, e progress.Execution, phases string, nodes ...string) ([]metav1.PartialObjectMetadata, error) {
	selector := i.podSelector(e)
	if len(nodes) > 0 {
		jobs := make([]string, 0, len(nodes))
		for _, node := range nodes {
			jobs = append(jobs, i.jobOf(e.ID, node))
		}
		selector += "," + batchv1.JobNameLabel + " in (" + strings.Join(jobs, ",") + ")"
	}
	pods, err := i.metadata.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(i.namespace).
		List(ctx, metav1.ListOptions{LabelSelector: selector, FieldSelector: phases})
	if err != nil {
		return nil, fmt.Errorf("look at the pods of execution %s: %w", e.ID, err)
	}
	return pods.Items, nil
}

// readLong reads the pods that may have run for long: what their containers do is
// not in their metadata.
func (o *onlooker) readLong(ctx context.Context, running []metav1.PartialObjectMetadata, now time.Time) error {
	if now.Sub(o.read) < eventInterval {
		return nil
	}
	var pods []corev1.Pod
	for _, name := range progress.MayBeLong(running, now) {
		pod, err := o.CoreV1().Pods(o.namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look at pod %s: %w", name, err)
		}
		pods = append(pods, *pod)
	}
	o.long, o.read = pods, now
	return nil
}

// askForEvents reads what the Job controller says of pods that it could not
// create. Other warnings about Jobs are left out: each node that fails has one.
// Who may not read events can wait all the same.
func (o *onlooker) askForEvents(ctx context.Context, now time.Time) error {
	if now.Sub(o.asked) < eventInterval {
		return nil
	}
	options := metav1.ListOptions{FieldSelector: "involvedObject.kind=Job,type=Warning,reason=FailedCreate", Limit: eventsAtOnce}
	var events []corev1.Event
	for range eventsRequests {
		page, err := o.CoreV1().Events(o.namespace).List(ctx, options)
		if apierrors.IsForbidden(err) {
			break
		}
		if err != nil {
			return fmt.Errorf("look at the events about Jobs: %w", err)
		}
		events = append(events, page.Items...)
		if options.Continue = page.Continue; options.Continue == "" {
			break
		}
	}
	o.events, o.asked = events, now
	return nil
}
