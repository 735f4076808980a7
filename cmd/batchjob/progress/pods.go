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

// Pods is what was seen of an execution's pods. It is put together from several
// answers of the API server: a pod that is in two of them has gone on between.
type Pods struct {
	pending map[string]string // by node, why they do not start; empty: nothing is wrong
	started map[string]bool   // by node; those that have ended count until the record has them
	refused map[string]string // by node, why there is no pod
	long    map[string]string // by node, what still runs; empty: it has not for long
}

// Pending takes down pods that have not started.
func (p *Pods) Pending(e Execution, pods []corev1.Pod) {
	p.pending = map[string]string{}
	for i := range pods {
		if node, ok := e.nodeOf(&pods[i]); ok {
			p.pending[node] = Why(&pods[i])
		}
	}
}

// Started takes down pods that have started.
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

// Refused takes down what the Job controller says of pods that it could not
// create. JobOf is the name of a node's Job.
func (p *Pods) Refused(e Execution, events []corev1.Event, jobOf func(node string) string) {
	newest := map[string]*corev1.Event{}
	for i := range events {
		about := &events[i].InvolvedObject
		if last := newest[about.Name]; about.Kind == "Job" && (last == nil || !lastSeen(&events[i]).Before(lastSeen(last))) {
			newest[about.Name] = &events[i]
		}
	}
	p.refused = map[string]string{}
	for _, node := range e.Admitted {
		if event := newest[jobOf(node)]; event != nil {
			p.refused[node] = sentence(event.Reason, withoutPodName(event))
		}
	}
}

// Unseen returns the nodes that may have a pod and of which none was seen, in
// the order of their turns: what ended last, and is not in the record yet, is
// at the front.
func (p *Pods) Unseen(e Execution) []string {
	return slices.DeleteFunc(slices.Clone(e.Admitted), func(node string) bool {
		_, pending := p.pending[node]
		return pending || p.started[node]
	})
}

// Missing is whether fewer pods were seen than there are places in the pool for
// nodes that wait. Tasks are admitted ahead of their turn, so that there always
// are some without a pod.
func (p *Pods) Missing(e Execution) bool {
	places := min(e.PoolSize, len(e.Admitted))
	return len(e.Admitted)-len(p.Unseen(e)) < places
}

// With returns the execution with what was seen of its pods: which nodes run,
// and which do not get started and why.
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
			reason = p.refused[node]
		}
		if reason != "" {
			e.Stuck = append(e.Stuck, Node{node, execution.Pending, reason})
		}
	}
	// The place of a pod that has ended is given away before the record has it:
	// more running than there are places would only confuse.
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

// withoutPodName returns what an event about a Job says, without the name of the
// pod: it is another at every try, and would make every node's reason another.
func withoutPodName(e *corev1.Event) string {
	pod := regexp.MustCompile(regexp.QuoteMeta(e.InvolvedObject.Name) + "-[a-z0-9]*")
	return pod.ReplaceAllLiteralString(strings.TrimPrefix(e.Message, "(combined from similar events): "), "…")
}
