package intake

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// maxLostNames bounds how many nodes are named whose results are lost.
const maxLostNames = 10

// Losses are the results that the record of a closed execution, or its report,
// says were sent, and that nothing can be exported of any more. The record is
// never written again: an event about it says what it does not.
type Losses struct {
	About        corev1.ObjectReference // the record
	id           execution.ID
	reportIsGone bool
	gone         []string // nodes
	unreadable   []string // likewise, of which the file is there
}

// stored is what the report directory has of an execution, as it was read.
type stored struct {
	reportIsGone bool
	results      map[string]bool // by node: whether it could be exported
	mended       []string        // nodes whose report said until now that they had sent a result
}

// findLosses compares what the record of the execution that closed last says was
// sent with what there is of it.
func (r *Results) findLosses(records []record.Record, found map[execution.ID]stored) *Losses {
	for _, closed := range slices.Backward(records) {
		if closed.Account.Phase != execution.Closed {
			continue
		}
		has, there := found[closed.Plan.ID]
		l := &Losses{About: kube.ConfigMapReference(closed.Object), id: closed.Plan.ID, reportIsGone: !there || has.reportIsGone}
		for _, node := range slices.Compact(slices.Sorted(slices.Values(append(closed.ReportedNodes(), has.mended...)))) {
			exported, read := has.results[node]
			switch {
			case read && !exported:
				l.unreadable = append(l.unreadable, node)
			case !read && r.isGone(execution.Key{Execution: closed.Plan.ID, Node: node}):
				l.gone = append(l.gone, node)
			}
		}
		if len(l.gone)+len(l.unreadable) == 0 {
			return nil
		}
		r.log.Warn("results of the execution that closed last are lost, which its record does not say", "execution", l.id,
			"gone", len(l.gone), "unreadable", len(l.unreadable), "nodes", nameSome(slices.Concat(l.gone, l.unreadable)))
		return l
	}
	return nil
}

// Mend has a report say that a node sent no result where the file is gone: a
// report that says otherwise leads people to what is not there. It returns of which
// nodes that was so.
func (r *Results) Mend(report *execution.Report) (mended []string) {
	for i := range report.Tasks {
		t := &report.Tasks[i]
		if t.Reported && r.isGone(execution.Key{Execution: report.ID, Node: t.Node}) {
			t.Reported, mended = false, append(mended, t.Node)
		}
	}
	if n := len(mended); n > 0 {
		r.log.Warn("stored results are gone, and count as not sent", "execution", report.ID, "gone", n, "nodes", nameSome(mended))
	}
	return mended
}

// isGone reports whether a result is not there. A disk that cannot be read has
// lost nothing yet.
func (r *Results) isGone(key execution.Key) bool {
	if r.store.HasResult(key) {
		return false
	}
	body, err := r.store.Result(key)
	return body == nil && err == nil
}

// String says it in the words of the event.
func (l *Losses) String() string {
	var parts []string
	if n := len(l.gone); n > 0 {
		what := "are gone from the report directory, and count as not sent in the report and the metrics"
		if l.reportIsGone {
			what = "are gone from the report directory, and so is the report"
		}
		parts = append(parts, fmt.Sprintf("the results of %d nodes %s: %s", n, what, nameSome(l.gone)))
	}
	if n := len(l.unreadable); n > 0 {
		parts = append(parts, fmt.Sprintf("the results of %d nodes cannot be read, and are not exported: %s", n, nameSome(l.unreadable)))
	}
	return fmt.Sprintf("of execution %s %s. The record stays as it was when the execution closed", l.id, strings.Join(parts, "; "))
}

// nameSome names the first of several nodes, and says how many more there are.
func nameSome(nodes []string) string {
	more := len(nodes) - maxLostNames
	if more <= 0 {
		return strings.Join(nodes, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(nodes[:maxLostNames], ", "), more)
}
