package intake

import (
	"errors"
	"fmt"
	"io/fs"
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

// stored is what Rebuild has found of an execution in the report directory.
type stored struct {
	definition string
	unreadable []string // nodes whose result cannot be exported
	mended     []string // nodes that Mend corrected in the report
}

// Losses compares the results that an execution was sent, according to its record, with
// those that are stored. It returns nil if none is lost.
func (r *Results) Losses(closed record.Record) *Losses {
	id := closed.Plan.ID
	r.mu.Lock()
	has := r.found[id]
	r.mu.Unlock()
	_, err := r.Store.Report(id)
	l := &Losses{About: kube.ExecutionReference(closed.Object), id: id, reportMissing: errors.Is(err, fs.ErrNotExist)}
	for _, node := range slices.Compact(slices.Sorted(slices.Values(append(closed.ReportedNodes(), has.mended...)))) {
		switch {
		case slices.Contains(has.unreadable, node):
			l.unreadable = append(l.unreadable, node)
		case r.isMissing(execution.Key{Execution: id, Node: node}):
			l.missing = append(l.missing, node)
		}
	}
	if len(l.missing)+len(l.unreadable) == 0 {
		return nil
	}
	r.Log.Warn("results of the execution that closed last are lost", "execution", l.id,
		"gone", len(l.missing), "unreadable", len(l.unreadable), "nodes", nameSome(slices.Concat(l.missing, l.unreadable)))
	return l
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
		r.Log.Warn("stored results are gone, and count as not sent", "execution", report.ID, "gone", n, "nodes", nameSome(mended))
	}
	return mended
}

// isMissing reports whether a node has no stored result. A result that cannot be read for
// an error of the disk is not missing.
func (r *Results) isMissing(key execution.Key) bool {
	if r.Store.HasResult(key) {
		return false
	}
	body, err := r.Store.Result(key)
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
