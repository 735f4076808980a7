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

// maxLostNames bounds how many nodes with lost results a message names.
const maxLostNames = 10

// Losses are results that were sent, according to the record or the report of a closed
// execution, and that cannot be exported any more. A closed record is never written again,
// so that an event about it reports the losses.
type Losses struct {
	About         corev1.ObjectReference // the record
	id            execution.ID
	reportMissing bool
	missing       []string // nodes whose result has no file
	unreadable    []string // nodes whose result has a file that cannot be exported
}

// stored is what the report directory has of an execution.
type stored struct {
	reportMissing bool
	results       map[string]bool // by node: whether it could be exported
	mended        []string        // nodes that Mend corrected in the report
}

// findLosses compares the results that the execution that closed last was sent, according
// to its record, with those that are stored.
func (r *Results) findLosses(records []record.Record, found map[execution.ID]stored) *Losses {
	for _, closed := range slices.Backward(records) {
		if closed.Account.Phase != execution.Closed {
			continue
		}
		has, ok := found[closed.Plan.ID]
		l := &Losses{About: kube.ExecutionReference(closed.Object), id: closed.Plan.ID, reportMissing: !ok || has.reportMissing}
		for _, node := range slices.Compact(slices.Sorted(slices.Values(append(closed.ReportedNodes(), has.mended...)))) {
			exported, read := has.results[node]
			switch {
			case read && !exported:
				l.unreadable = append(l.unreadable, node)
			case !read && r.isMissing(execution.Key{Execution: closed.Plan.ID, Node: node}):
				l.missing = append(l.missing, node)
			}
		}
		if len(l.missing)+len(l.unreadable) == 0 {
			return nil
		}
		r.log.Warn("results of the execution that closed last are lost", "execution", l.id,
			"gone", len(l.missing), "unreadable", len(l.unreadable), "nodes", nameSome(slices.Concat(l.missing, l.unreadable)))
		return l
	}
	return nil
}

// Mend corrects a report that has nodes as reported whose result is missing: a reader of
// the report would look for the file. It returns these nodes.
func (r *Results) Mend(report *execution.Report) (mended []string) {
	for i := range report.Tasks {
		t := &report.Tasks[i]
		if t.Reported && r.isMissing(execution.Key{Execution: report.ID, Node: t.Node}) {
			t.Reported, mended = false, append(mended, t.Node)
		}
	}
	if n := len(mended); n > 0 {
		r.log.Warn("stored results are gone, and count as not sent", "execution", report.ID, "gone", n, "nodes", nameSome(mended))
	}
	return mended
}

// isMissing reports whether a node has no stored result. A result that cannot be read for
// an error of the disk is not missing.
func (r *Results) isMissing(key execution.Key) bool {
	if r.store.HasResult(key) {
		return false
	}
	body, err := r.store.Result(key)
	return body == nil && err == nil
}

// String returns the message of the event.
func (l *Losses) String() string {
	var parts []string
	if n := len(l.missing); n > 0 {
		what := "are gone from the report directory, and count as not sent in the report and the metrics"
		if l.reportMissing {
			what = "are gone from the report directory, and so is the report"
		}
		parts = append(parts, fmt.Sprintf("the results of %d nodes %s: %s", n, what, nameSome(l.missing)))
	}
	if n := len(l.unreadable); n > 0 {
		parts = append(parts, fmt.Sprintf("the results of %d nodes cannot be read, and are not exported: %s", n, nameSome(l.unreadable)))
	}
	return fmt.Sprintf("execution %s: %s. The record stays as it was when the execution closed", l.id, strings.Join(parts, "; "))
}

// nameSome returns the names of the first nodes, and the number of the others.
func nameSome(nodes []string) string {
	more := len(nodes) - maxLostNames
	if more <= 0 {
		return strings.Join(nodes, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(nodes[:maxLostNames], ", "), more)
}
