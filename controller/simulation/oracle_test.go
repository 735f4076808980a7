package simulation

import (
	"fmt"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// oracle checks each write against the rules that must always hold. It parses records by
// itself: it shares only their format with the controller. The caller of its methods holds
// the world's lock.
type oracle struct {
	world    *world
	records  map[execution.ID]*recordState
	ticks    map[tickKey]execution.ID // scheduled times that have had an execution
	jobs     map[execution.Key]*jobState
	results  map[series]*resultState
	numbers  map[execution.Key]int
	openings []opening
	created  []*v1alpha1.Execution
	denials  map[string]*denial // by process and object
	stats    stats
}

type recordState struct {
	object   *v1alpha1.Execution // its last version
	plan     execution.Plan
	index    map[string]int // of each node
	phase    execution.Phase
	admitted execution.Indexes
	created  execution.Indexes
	outcomes map[int]execution.Outcome
	openedAt time.Time
	// writtenAt is when its status was last written.
	writtenAt time.Time
	gone      bool
	goneAt    time.Time
	// collected says that it is gone with its NodeCronJob.
	collected bool
	// tokensKept says that a token Secret may remain, because a request to delete it
	// failed or a request to create it came late.
	tokensKept bool
	damaged    bool // a user made it unreadable, and nothing may be written to it
	pause      pause
}

// tickKey is a tick of a definition.
type tickKey struct {
	of string
	at time.Time
}

// opening is the time in which an execution was open.
type opening struct {
	id       execution.ID
	from, to time.Time // to: zero while it is open
}

type jobState struct {
	created   int
	forgiven  bool // a user deleted it, or its NodeCronJob, before the record had it
	byUser    bool
	succeeded bool
	inTime    bool      // before it was stopped
	endedAt   time.Time // for inTime
	looked    time.Time // when the leader that canceled it had read its pods
}

// series is a series of a node.
type series struct {
	execution.Key
	part string
}

// resultState is what the controller has promised a node about a series.
type resultState struct {
	last  int          // acknowledged; 0: none
	may   map[int]bool // sent since, and perhaps stored although no response came
	doubt map[int]bool // sent at any time, and perhaps stored at any time
}

// allows reports whether the value may be stored. 0 means that the series is missing.
func (r *resultState) allows(value int) bool {
	return value == r.last || r.may[value] || r.doubt[value]
}

func newOracle(w *world) *oracle {
	return &oracle{
		world:   w,
		records: map[execution.ID]*recordState{},
		ticks:   map[tickKey]execution.ID{},
		jobs:    map[execution.Key]*jobState{},
		results: map[series]*resultState{},
		numbers: map[execution.Key]int{},
		denials: map[string]*denial{},
		stats:   stats{Seeds: 1},
	}
}

func (o *oracle) openRecords() []execution.ID {
	var open []execution.ID
	for _, x := range o.openings {
		if x.to.IsZero() {
			open = append(open, x.id)
		}
	}
	return open
}

func (o *oracle) endOpening(id execution.ID) {
	for i := range o.openings {
		if x := &o.openings[i]; x.id == id && x.to.IsZero() {
			x.to = time.Now()
		}
	}
}

// recordClosed checks that every node has exactly one outcome, and a true one.
func (o *oracle) recordClosed(id execution.ID, r *recordState) {
	w := o.world
	o.stats.Closed++
	o.endOpening(id)
	var ends []string
	named := 0
	for _, outcome := range r.object.Status.Account.Outcomes {
		ends = append(ends, fmt.Sprintf("%s/%s %s", outcome.State, outcome.Reason, outcome.Indexes))
		if indexes, err := execution.ParseIndexes(string(outcome.Indexes)); err == nil {
			named += indexes.Len()
		}
	}
	w.note("oracle", "closed", string(id), strings.Join(ends, ", "))
	if len(r.outcomes) != len(r.plan.Nodes) || named != len(r.plan.Nodes) {
		w.fail("I3: execution %s was closed with %d outcomes of %d nodes", id, named, len(r.plan.Nodes))
	}
	for i, outcome := range r.outcomes {
		key := execution.Key{Execution: id, Node: r.plan.Nodes[i].Name}
		job := o.jobs[key]
		switch {
		case !outcome.State.Final():
			w.fail("I3: %s of %s was closed as %s", key.Node, id, outcome.State)
		case outcome.Reason == execution.JobInvalid:
			w.fail("I3: %s of %s counts as invalid, and is not", key.Node, id)
		case outcome.Reason == execution.NodeBusy && !o.wasBusy(r, key.Node):
			w.fail("I3: %s of %s counts as busy, and no pod of another execution of the definition ran there", key.Node, id)
		case outcome.Reason == execution.JobRefused && !o.longDenied(r, key):
			w.fail("I3: %s of %s ended as refused before startDeadline had passed", key.Node, id)
		case outcome.State == execution.Skipped && job != nil && !job.byUser:
			w.fail("I3: %s of %s counts as skipped, but had a Job", key.Node, id)
		case outcome.Reason == execution.JobTimeout && job != nil && job.inTime:
			w.fail("I10: %s of %s counts as %s, but its work was done", key.Node, id, outcome.Reason)
		case outcome.State == execution.Canceled:
			o.checkCanceledTask(r, key, outcome.Reason)
		case outcome.State == execution.Succeeded && (job == nil || !job.succeeded):
			w.fail("I3: %s of %s counts as succeeded, but did not", key.Node, id)
		}
	}
	o.checkReport(id, r)
}

func (o *oracle) recordDeleted(object *v1alpha1.Execution) {
	if object.Labels[jobspec.OwnerLabel] != name || object.Status.Phase == v1alpha1.Rejected {
		return
	}
	id := execution.ID(object.Status.ExecutionID)
	r := o.records[id]
	collected := o.world.isCollected(object)
	if r == nil {
		if !collected {
			o.world.fail("the Execution %s was deleted before it was opened", object.Name)
		}
		return
	}
	if r.phase != execution.Closed && !collected {
		o.world.fail("the record of %s was deleted while it was open", id)
	}
	r.gone, r.goneAt, r.collected = true, time.Now(), collected
	if collected {
		o.stats.Collected++
		o.endOpening(id)
	}
}

func (o *oracle) jobCreated(job *batchv1.Job) {
	w := o.world
	o.stats.Jobs++
	key, ok := jobspec.KeyOf(job)
	if !ok {
		w.fail("the Job %s has no owner", job.Name)
		return
	}
	state := o.jobs[key]
	if state == nil {
		state = &jobState{}
		o.jobs[key] = state
	}
	state.created++
	if state.created > 1 && !state.forgiven {
		w.fail("I1: %s of %s got a second Job, %s", key.Node, key.Execution, job.Name)
	}
	state.forgiven, state.inTime = false, false // the outcome is that of the last Job
	r := o.records[key.Execution]
	switch {
	case r == nil || (r.gone && (!r.collected || time.Since(r.goneAt) > longestLag)):
		w.fail("I2: the Job %s has no record", job.Name)
		return
	case r.phase != execution.Open:
		w.fail("I2: the Job %s was created after its execution was closed", job.Name)
	case !r.admitted.Has(r.index[key.Node]):
		w.fail("I2: the Job %s was created, but only %s are admitted and it is %d", job.Name, r.admitted, r.index[key.Node])
	}
	if outcome, ended := r.outcomes[r.index[key.Node]]; ended {
		w.fail("I2: the Job %s was created after its task had ended as %s", job.Name, outcome.State)
	}
	o.checkPaused(r, job)
	o.checkPool("the Job "+job.Name, job.Name, key)
	o.checkAddress(job)
}

// deletedByUser is called before a user deletes a Job. The Job may be created again if the
// record does not say yet that it was created.
func (o *oracle) deletedByUser(name string) {
	job, ok := o.world.api.get(jobs, name).(*batchv1.Job)
	if !ok {
		return
	}
	key, _ := jobspec.KeyOf(job)
	if r, state := o.records[key.Execution], o.jobs[key]; r != nil && state != nil {
		state.byUser = true
		state.forgiven = !r.created.Has(r.index[key.Node])
	}
}

func (o *oracle) jobDeleted(job *batchv1.Job) {
	key, _ := jobspec.KeyOf(job)
	state, r := o.jobs[key], o.records[key.Execution]
	if state != nil && !state.byUser && r != nil && r.phase == execution.Open && !r.gone {
		o.world.fail("the Job %s was deleted while its execution is open", job.Name)
	}
	if state != nil && r != nil && r.collected {
		// A run whose create got no response tries again until it learns that the Execution
		// is gone.
		state.forgiven = !r.created.Has(r.index[key.Node])
	}
}

func (o *oracle) podCreated(l *life) { o.checkPool("the pod "+l.pod, l.job.Name, l.key) }

func (o *oracle) podEnded(l *life, succeeded bool) {
	if state := o.jobs[l.key]; state != nil && succeeded {
		state.succeeded = true
		if o.world.lives[l.job.Name] == l { // not the pod of a Job that was deleted and created again
			state.inTime, state.endedAt = l.told().IsZero(), time.Now()
		}
	}
}

// number is the value that a node reports, different for each version.
func (o *oracle) number(key execution.Key, version int) int {
	o.world.mu.Lock()
	defer o.world.mu.Unlock()
	n, ok := o.numbers[key]
	if !ok {
		n = 100 * (1 + len(o.numbers))
		o.numbers[key] = n
	}
	return n + version
}
