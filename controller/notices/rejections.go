package notices

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// maxRejections bounds the events about the rejections of one execution: an admission
// webhook may use other words for each.
const maxRejections = 10

// JobRejected writes an event about a rejection, one for each cause: the API server may
// reject all Jobs of an execution for the same one.
func (n *Notices) JobRejected(ctx context.Context, reason, what string, err error) {
	cause, message := plan.DescribeRejection(err)
	cause = reason + " " + cause
	n.mu.Lock()
	isNew := !n.causes[cause] && len(n.causes) < maxRejections
	if isNew {
		n.causes[cause] = true
	}
	n.mu.Unlock()
	if isNew {
		n.announce(ctx, true, reason, execution.Truncate(what+": "+message, kube.MaxEventMessage))
	}
}

// RecordRejected writes an event about why the API server rejects the record, unless the
// fault may be transient. The execution continues as soon as a write succeeds.
func (n *Notices) RecordRejected(ctx context.Context, err error) {
	if plan.ClassifyError(err) == plan.Transient {
		return
	}
	_, message := plan.DescribeRejection(err)
	n.announce(ctx, true, kube.EventRecordRefused,
		execution.Truncate("the execution is held up until the API server takes its record: "+message, kube.MaxEventMessage))
}
