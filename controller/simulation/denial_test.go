package simulation

import (
	"errors"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// denialsOf returns the errors of admission, and of proxies: each says that an object is
// denied now, and not that it is invalid.
func denialsOf(k kind, name string) []error {
	statusError := func(code int32, reason metav1.StatusReason) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: code, Reason: reason, Message: `admission webhook "w" denied the request: no owner`,
			Details: &metav1.StatusDetails{Name: name, Kind: string(k), Causes: []metav1.StatusCause{{Message: "no owner"}}},
		}}
	}
	return []error{
		statusError(http.StatusBadRequest, ""),
		statusError(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid),
		statusError(http.StatusForbidden, metav1.StatusReasonForbidden),
		statusError(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests),
		statusError(http.StatusRequestEntityTooLarge, metav1.StatusReasonRequestEntityTooLarge),
		apierrors.NewForbidden(resource(k), name, errors.New("exceeded quota")),
		apierrors.NewGenericServerResponse(http.StatusBadRequest, "POST", resource(k), name, "<html>", 0, true),
	}
}

// isDenial reports whether an error is a denial of an object. That includes the error of a
// webhook that is down.
func isDenial(err error) bool {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return false
	}
	switch status := answer.Status(); status.Code {
	case http.StatusConflict, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	case http.StatusTooManyRequests:
		return status.Details == nil || status.Details.RetryAfterSeconds == 0
	}
	return true
}

// denial is the time in which a process got denials of an object.
type denial struct{ first, last time.Time }

func (o *oracle) denied(process string, r request) {
	what := process + " " + r.String()
	if o.denials[what] == nil {
		o.denials[what] = &denial{first: time.Now()}
	}
	o.denials[what].last = time.Now()
}

// longDenied reports whether a process got denials of a task's Job, or of the Secret with
// its token, that are startDeadline apart.
func (o *oracle) longDenied(r *recordState, key execution.Key) bool {
	of := r.plan.NodeCronJob
	job := request{kind: jobs, name: jobspec.JobName(of, key)}.String()
	token := request{kind: secrets, name: jobspec.TokenSecretName(of, key.Execution, r.plan.Settings.TokenSecret(r.index[key.Node]))}.String()
	for i := 1; i <= o.world.born; i++ {
		var all denial
		for _, what := range []string{job, token} {
			for slot := range o.world.slots {
				d := o.denials[processName(slot, i)+" "+what]
				switch {
				case d == nil:
					continue
				case all.first.IsZero():
					all = *d
				}
				if d.first.Before(all.first) {
					all.first = d.first
				}
				if d.last.After(all.last) {
					all.last = d.last
				}
			}
		}
		if all.last.Sub(all.first) >= r.plan.Settings.StartDeadline-time.Second {
			return true
		}
	}
	return false
}

// damage makes the open record unreadable, as a user may.
func (w *world) damage() {
	open := w.oracle.openRecords()
	if len(open) == 0 || !w.stormy() {
		return
	}
	id := open[0]
	r := w.oracle.records[id]
	current, ok := w.api.get(executions, r.object.Name).(*v1alpha1.Execution)
	if !ok {
		return
	}
	w.note("user", "damage", "executions/"+current.Name, "")
	damaged := current.DeepCopy()
	damaged.Status.Account.Admitted = "0-x"
	w.must(w.api.updateStatus(executions, damaged))
	r.damaged, r.tokensKept = true, true
	w.oracle.endOpening(id)
	w.oracle.stats.Damaged++
}

// checkLeftAlone checks that no pod of an execution of the definition with a damaged record, or
// without one, runs when another execution is opened.
func (o *oracle) checkLeftAlone(opened execution.ID, definition string) {
	for job, l := range o.world.lives {
		r := o.records[l.key.Execution]
		if o.definitionOf(l) == definition && (r.damaged || r.collected) && o.holdsSlot(l) && !o.isForgotten(l.key.Execution) {
			o.world.fail("I2: execution %s was opened while the Job %s of %s may run", opened, job, l.key.Execution)
			return
		}
	}
}
