package progress

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Pods is the observed pods of an execution, from several responses of the API
// server: a pod in two of them has proceeded in between.
type Pods struct {
	pending  map[string]string // by node, why they do not start; empty: no problem
	started  map[string]bool   // by node; ended pods count until the record has them
	rejected map[string]string // by node, why there is no pod
	long     map[string]string // by node, the running containers; empty: not for long
}

// Pending records pods that have not started.
func (p *Pods) Pending(e Execution, pods []corev1.Pod) {
	p.pending = map[string]string{}
	for i := range pods {
		if node, ok := e.nodeOf(&pods[i]); ok {
			p.pending[node] = WhyNotReady(&pods[i])
		}
	}
}

// Started records pods that have started.
func (p *Pods) Started(e Execution, pods []metav1.PartialObjectMetadata) {
	if p.started == nil {
		p.started = map[string]bool{}
	}
	for i := range pods {
		if node, ok := e.nodeOf(&pods[i]); ok {
			p.started[node] = true
		}
	}
}

// Rejected records the Job controller's events about pods that it could not create.
// jobOf returns the name of a node's Job.
func (p *Pods) Rejected(e Execution, events []corev1.Event, jobOf func(node string) string) {
	newest := map[string]*corev1.Event{}
	for i := range events {
		about := &events[i].InvolvedObject
		if last := newest[about.Name]; about.Kind == "Job" && (last == nil || !lastSeen(&events[i]).Before(lastSeen(last))) {
			newest[about.Name] = &events[i]
		}
	}
	p.rejected = map[string]string{}
	for _, node := range e.Admitted {
		if event := newest[jobOf(node)]; event != nil {
			p.rejected[node] = sentence(event.Reason, withoutPodName(event))
		}
	}
}

// Unseen returns the nodes that may have a pod of which none was observed, in the
// plan's order: the nodes that ended last, and are not in the record yet, come first.
func (p *Pods) Unseen(e Execution) []string {
	return slices.DeleteFunc(slices.Clone(e.Admitted), func(node string) bool {
		_, pending := p.pending[node]
		return pending || p.started[node]
	})
}

// Missing reports whether fewer pods were observed than there are slots for waiting
// nodes. Tasks are admitted ahead of their slots, so some never have a pod.
func (p *Pods) Missing(e Execution) bool {
	slots := min(e.PoolSize, len(e.Admitted))
	return len(e.Admitted)-len(p.Unseen(e)) < slots
}

// With returns the execution with its observed pods: which nodes run, and which do
// not start and why.
func (e Execution) With(p Pods) Execution {
	open := e.Running + e.Pending
	e.Running, e.Stuck = 0, nil
	for _, node := range e.Admitted {
		reason, pending := p.pending[node]
		switch {
		case p.started[node]:
			e.Running++
			continue
		case !pending:
			reason = p.rejected[node]
		}
		if reason != "" {
			e.Stuck = append(e.Stuck, Node{node, execution.Pending, reason})
		}
	}
	// The slot of an ended pod is granted again before the record has the end: more
	// running nodes than slots would be confusing.
	e.Running = min(e.Running, e.PoolSize)
	e.Pending = open - e.Running
	slices.SortFunc(e.Stuck, func(a, b Node) int { return cmp.Compare(a.Name, b.Name) })
	e.Long = p.longNodes(e)
	return e
}

func lastSeen(e *corev1.Event) time.Time {
	if e.Series != nil {
		return e.Series.LastObservedTime.Time
	}
	return cmp.Or(e.LastTimestamp.Time, e.EventTime.Time, e.CreationTimestamp.Time)
}

// withoutPodName returns the message of an event about a Job without the pod's name,
// which differs at every attempt and would make every node's reason different.
func withoutPodName(e *corev1.Event) string {
	pod := regexp.MustCompile(regexp.QuoteMeta(e.InvolvedObject.Name) + "-[a-z0-9]*")
	return pod.ReplaceAllLiteralString(strings.TrimPrefix(e.Message, "(combined from similar events): "), "…")
}
