package pods

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
)

const (
	podsByName       = 50              // pods per request by name: the names have to fit into a URL
	eventInterval    = 5 * time.Second // between reads of events: the API server has no index of them
	eventsPerRequest = 500
	maxEventRequests = 10
)

// Poller polls the pods of an open execution. Its requests grow with the pool
// and not with the cluster: at most podPoolSize pods have not ended.
type Poller struct {
	*cluster.Installation
	eventsRead time.Time // when events were read
	events     []corev1.Event
	longRead   time.Time // when pods that run for long were
	long       []corev1.Pod
}

// Poll adds to an execution which of its nodes run, and which ones do not start.
// Pods go from pending to running to the record, and are read in this order: a pod
// that proceeds between two requests is then found at least once.
func (o *Poller) Poll(ctx context.Context, e progress.Execution, now time.Time) (progress.Execution, error) {
	if len(e.Admitted) == 0 {
		return e, nil
	}
	var seen progress.Pods
	pending, err := inPhases(ctx, o.Installation, e, "status.phase=Pending")
	if err != nil {
		return e, err
	}
	seen.Pending(e, pending)
	running, err := namesOf(ctx, o.Installation, e, "status.phase=Running")
	if err != nil {
		return e, err
	}
	seen.Started(e, running)
	if err := o.readLong(ctx, running, now); err != nil {
		return e, err
	}
	seen.LongRunning(e, o.long, now)
	// As many pods have ended as there are nodes: only those that may not be in the
	// record yet are read.
	if unseen := seen.Unseen(e); len(unseen) > 0 {
		ended, err := namesOf(ctx, o.Installation, e, "status.phase!=Pending", unseen[:min(len(unseen), podsByName)]...)
		if err != nil {
			return e, err
		}
		seen.Started(e, ended)
	}
	if seen.Missing(e) {
		if err := o.readEvents(ctx, now); err != nil {
			return e, err
		}
		seen.Rejected(e, o.events, func(node string) string { return jobOf(e, node) })
	}
	return e.With(seen), nil
}

// readLong reads the pods that may have run for long: their metadata lacks the
// state of their containers.
func (o *Poller) readLong(ctx context.Context, running []metav1.PartialObjectMetadata, now time.Time) error {
	if now.Sub(o.longRead) < eventInterval {
		return nil
	}
	var pods []corev1.Pod
	for _, name := range progress.MayBeLong(running, now) {
		pod, err := o.CoreV1().Pods(o.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("get pod %s: %w", name, err)
		}
		pods = append(pods, *pod)
	}
	o.long, o.longRead = pods, now
	return nil
}

// readEvents reads the Job controller's events about pods that it could not create.
// It omits other warnings about Jobs: each failed node has one. A user who may not
// read events can still wait.
func (o *Poller) readEvents(ctx context.Context, now time.Time) error {
	if now.Sub(o.eventsRead) < eventInterval {
		return nil
	}
	options := metav1.ListOptions{FieldSelector: "involvedObject.kind=Job,type=Warning,reason=FailedCreate", Limit: eventsPerRequest}
	var events []corev1.Event
	for range maxEventRequests {
		page, err := o.CoreV1().Events(o.Namespace).List(ctx, options)
		if apierrors.IsForbidden(err) {
			break
		}
		if err != nil {
			return fmt.Errorf("list the events about Jobs: %w", err)
		}
		events = append(events, page.Items...)
		if options.Continue = page.Continue; options.Continue == "" {
			break
		}
	}
	o.events, o.eventsRead = events, now
	return nil
}
