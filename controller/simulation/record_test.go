package simulation

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// statusWritten checks what was written into the status of an Execution. An execution begins
// when its Execution gets an ID.
func (o *oracle) statusWritten(before, now *v1alpha1.Execution) {
	if rejectedAs(now) == v1alpha1.ReasonNodeCronJobNotFound {
		o.checkNotFound(now)
	}
	if now.Labels[jobspec.OwnerLabel] != name {
		return
	}
	id := execution.ID(now.Status.ExecutionID)
	switch {
	case now.Status.Phase == v1alpha1.Rejected:
		o.checkRejected(before, now)
		return
	case id == "" && (now.Status.Phase != v1alpha1.Queued || !record.IsWaiting(before)):
		o.world.fail("the Execution %s was written before it was opened: %+v", now.Name, now.Status)
		return
	case id == "":
		o.queued(now)
		return
	}
	r := o.records[id]
	opens := before.Status.ExecutionID == ""
	if opens {
		if r = o.recordOpened(id, before, now); r == nil {
			return
		}
	}
	if r.damaged {
		o.world.fail("the damaged record of %s was written", id)
		return
	}
	was := r.phase
	if err := r.read(now); err != nil {
		o.world.fail("the record of %s cannot be read: %v", id, err)
		return
	}
	o.observed(r)
	o.checkLatest()
	switch {
	case !opens && was == execution.Closed:
		o.world.fail("the record of %s was written after it was closed", id)
	case !opens && r.phase == execution.Closed:
		o.recordClosed(id, r)
	}
}

func (o *oracle) recordOpened(id execution.ID, before, object *v1alpha1.Execution) *recordState {
	w := o.world
	if before.Status.Phase == v1alpha1.Rejected {
		w.fail("I7: execution %s was opened after it was rejected", id)
	}
	plan, err := o.unpack(object)
	if err != nil {
		w.fail("the plan of %s cannot be read: %v", id, err)
		return nil
	}
	o.stats.Records++
	if other := o.records[id]; other != nil {
		w.fail("I7: execution %s was created twice", id)
	}
	if plan.Trigger == execution.Cron {
		at := tickKey{plan.NodeCronJob, plan.Scheduled}
		if other, twice := o.ticks[at]; twice {
			w.fail("I7: the tick of %s has two executions, %s and %s", plan.Scheduled.Format(time.TimeOnly), other, id)
		}
		o.ticks[at] = id
	}
	delay := time.Since(plan.Scheduled)
	if plan.NodeCronJob == name {
		delay = min(delay, time.Since(o.heldUpUntil()))
	}
	if delay > o.startingDeadline(plan.NodeCronJob)+50*time.Second && plan.Trigger != execution.Startup {
		w.fail("I7: execution %s was opened %s after it was due", id, delay.Round(time.Second))
	}
	o.checkEntry(id, object)
	o.checkPartial(id, object, plan)
	o.checkDefinition(id, object, plan)
	for _, open := range o.openRecords() {
		if o.records[open].plan.NodeCronJob == plan.NodeCronJob {
			w.fail("I2: execution %s was opened while %s is open", id, open)
		}
	}
	o.checkLeftAlone(id, plan.NodeCronJob)
	r := &recordState{object: object, plan: plan, index: map[string]int{}, openedAt: time.Now()}
	for i, node := range plan.Nodes {
		r.index[node.Name] = i
	}
	o.records[id] = r
	o.openings = append(o.openings, opening{id: id, from: time.Now()})
	return r
}

func (r *recordState) read(object *v1alpha1.Execution) (err error) {
	r.object, r.writtenAt = object, time.Now()
	account := object.Status.Account
	r.phase = execution.Phase(object.Status.Phase)
	if r.admitted, err = execution.ParseIndexes(string(account.Admitted)); err != nil {
		return err
	}
	if r.created, err = execution.ParseIndexes(string(account.Created)); err != nil {
		return err
	}
	r.outcomes = map[int]execution.Outcome{}
	for _, outcome := range account.Outcomes {
		indexes, err := execution.ParseIndexes(string(outcome.Indexes))
		if err != nil {
			return err
		}
		for i := range indexes.All() {
			state := strings.ToLower(string(outcome.State))
			r.outcomes[i] = execution.Outcome{State: execution.State(state), Reason: execution.Reason(outcome.Reason)}
		}
	}
	return nil
}

// unpack reads the plan that an Execution names.
func (o *oracle) unpack(e *v1alpha1.Execution) (plan execution.Plan, err error) {
	var packed []byte
	for _, part := range e.Status.Plan.Parts {
		object, ok := o.world.api.get(configMaps, part.Name).(*corev1.ConfigMap)
		if !ok || !metav1.IsControlledBy(object, e) {
			return plan, fmt.Errorf("part %s does not go with the Execution", part.Name)
		}
		data := object.BinaryData["plan.json.gz"]
		if sum := fmt.Sprintf("sha256:%x", sha256.Sum256(data)); sum != part.Digest {
			return plan, fmt.Errorf("part %s has the digest %s, not %s", part.Name, sum, part.Digest)
		}
		packed = append(packed, data...)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return plan, err
	}
	return plan, json.NewDecoder(r).Decode(&plan)
}
