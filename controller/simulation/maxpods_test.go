package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// capChange is that the ConfigMap gets another maxPods. The replicas see that one after the
// other.
type capChange struct {
	at      time.Duration
	maxPods int // 0: none
}

// drawMaxPods draws from a source of its own too. The cap is set, lowered, raised, introduced
// or removed, in half of the worlds.
func (s *scenario) drawMaxPods(r *rand.Rand) {
	if chance(r, 0.5) {
		return
	}
	value := func() int { return r.IntN(s.pool + 2) }
	s.maxPods = value()
	if s.calmFrom == 0 {
		return
	}
	for range r.IntN(4) {
		s.capChanges = append(s.capChanges, capChange{at: s.drawMoment(r).at, maxPods: value()})
	}
	slices.SortStableFunc(s.capChanges, func(a, b capChange) int { return int(a.at - b.at) })
	if chance(r, 0.2) {
		s.stateDeletions = append(s.stateDeletions, s.drawMoment(r))
	}
}

// leastPods is the smallest pool that an execution has at any time.
func (s *scenario) leastPods(pool int) int {
	least := pool
	for _, c := range append(s.capChanges, capChange{maxPods: s.maxPods}) {
		if c.maxPods > 0 {
			least = min(least, c.maxPods)
		}
	}
	return least
}

// setMaxPods changes the ConfigMap.
func (w *world) setMaxPods(n int) {
	w.note("user", "set maxPods", strconv.Itoa(n), "")
	w.maxPods = n
	for _, p := range w.slots {
		if p != nil && p.replica != nil {
			w.follow(p)
		}
	}
}

// follow has a process see the ConfigMap after a while.
func (w *world) follow(p *process) {
	w.after(roll(w.seed, len(p.caps), "follow", p.name).between(time.Millisecond, 3*time.Second), func() {
		if p.dead || p.maxPods() == w.maxPods {
			return
		}
		w.note(p.name, "maxPods", strconv.Itoa(w.maxPods), "")
		p.caps = append(p.caps, capOf{maxPods: w.maxPods, from: time.Now()})
		p.spaces = ""
		p.replica.manager.Reconfigure(p.config())
	})
}

// capOf is the cap of a process since a time.
type capOf struct {
	maxPods int
	from    time.Time
}

// maxPods returns the cap by which the process goes now.
func (p *process) maxPods() int { return p.caps[len(p.caps)-1].maxPods }

// decidesBy returns the cap by which the process decides now. What it has decided at the instant
// of a change may go by the one before. 0: none.
func (p *process) decidesBy() int {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	last := p.caps[len(p.caps)-1]
	if n := len(p.caps); n > 1 && last.from.Equal(time.Now()) {
		before := p.caps[n-2].maxPods
		if before == 0 || last.maxPods == 0 {
			return 0
		}
		return max(before, last.maxPods)
	}
	return last.maxPods
}

func (w *world) deleteState() {
	w.note("user", "delete", "configmaps/"+stateName, "")
	w.remove(configMaps, stateName)
	w.stateDeleted = time.Now()
}

const (
	stateName = name + "-state"
	noShare   = "-"
)

// shared is a line of the state about an execution.
type shared struct {
	uid   string
	share int // execution.NoShare: none
}

// sharesOf returns the shares in a state. It reports whether it is known which executions
// have one.
func (o *oracle) sharesOf(state *corev1.ConfigMap) (all []shared, known bool) {
	if state == nil || state.Data["restoring"] != "" {
		return nil, false
	}
	for _, line := range entriesOf(state) {
		share := execution.NoShare
		if line[4] != noShare {
			var err error
			if share, err = strconv.Atoi(line[4]); err != nil {
				o.world.fail("I11: the state has the share %q", line[4])
			}
		}
		all = append(all, shared{line[0], share})
	}
	return all, true
}

// stateWritten checks that a write of the state grants only what maxPods permits. The sender
// went by the cap when it sent it.
func (o *oracle) stateWritten(before, now *corev1.ConfigMap, maxPods int) {
	o.checkShares()
	old, known := o.sharesOf(before)
	shares, _ := o.sharesOf(now)
	if !known {
		return // it is being restored, with what the Executions have
	}
	sum, grows := 0, false
	for _, s := range shares {
		if s.share != execution.NoShare {
			sum += s.share
		}
		i := slices.IndexFunc(old, func(other shared) bool { return other.uid == s.uid })
		had := 0
		switch {
		case i >= 0:
			had = old[i].share
		case o.isDamaged(s.uid), o.isCollected(s.uid):
			continue // its pods may run again, as far as a new leader knows
		}
		grew := s.share == execution.NoShare && had != execution.NoShare || had != execution.NoShare && s.share > had
		if s.share == execution.NoShare && maxPods > 0 && grew {
			o.world.fail("I11: the execution of %s gets any number of pods, and maxPods is %d", s.uid, maxPods)
		}
		grows = grows || grew
	}
	if grows {
		o.stats.Granted++
	}
	if grows && maxPods > 0 && sum > maxPods {
		o.world.fail("I11: the state has the shares %v, and maxPods is %d", shares, maxPods)
	}
}

func (o *oracle) isDamaged(uid string) bool {
	for _, r := range o.records {
		if r.damaged && string(r.object.UID) == uid {
			return true
		}
	}
	return false
}

// isForgotten reports whether an execution is gone with its NodeCronJob, and so is its entry with
// a state that a user has deleted: a leader that begins then finds neither.
func (o *oracle) isForgotten(id execution.ID) bool {
	r := o.records[id]
	return r != nil && r.collected && r.openedAt.Before(o.world.stateDeleted)
}

// isCollected reports whether an execution is gone with its NodeCronJob.
func (o *oracle) isCollected(uid string) bool {
	for _, r := range o.records {
		if r.collected && string(r.object.UID) == uid {
			return true
		}
	}
	return false
}

// checkShares checks what holds at any time: an execution has no more node tasks admitted that
// have not ended than its share, and that is not more than its entry in the state has.
func (o *oracle) checkShares() {
	state, _ := o.world.api.get(configMaps, stateName).(*corev1.ConfigMap)
	entries, known := o.sharesOf(state)
	for _, object := range o.world.api.tables[executions].objects {
		e := object.(*v1alpha1.Execution)
		phase := execution.Phase(e.Status.Phase)
		r := o.records[execution.ID(e.Status.ExecutionID)]
		if r == nil || r.damaged || r.gone || r.object.UID != e.UID || (phase != execution.Open && phase != execution.Closing) || e.Labels[jobspec.OwnerLabel] != name {
			continue
		}
		share := execution.NoShare
		if e.Status.PodShare != nil {
			share = int(*e.Status.PodShare)
			o.stats.Shared++
		}
		exposed := 0
		for i := range r.admitted.All() {
			if _, ended := r.outcomes[i]; !ended {
				exposed++
			}
		}
		if share != execution.NoShare && exposed > share {
			o.world.fail("I11: %s has %d node tasks admitted that have not ended, and the podShare %d", e.Name, exposed, share)
		}
		if !known {
			continue
		}
		i := slices.IndexFunc(entries, func(s shared) bool { return s.uid == string(e.UID) })
		switch {
		case i < 0:
			o.world.fail("I11: %s is open and has no entry in the state", e.Name)
		case entries[i].share != execution.NoShare && (share == execution.NoShare || share > entries[i].share):
			o.world.fail("I11: %s has the podShare %d, and the state has %d", e.Name, share, entries[i].share)
		}
	}
}

func (s shared) String() string { return fmt.Sprintf("%s: %d", s.uid, s.share) }
