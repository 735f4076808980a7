package definitions

import (
	"slices"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// verdict is whether the spec of a generation is accepted.
type verdict struct {
	generation int64  // 0: none has been decided
	reason     string // of the condition Accepted
	problems   []string
}

// accept decides which spec of each member is in effect: its newest one or, if that is not
// accepted, the one of before. The caller holds d.mu.
func (d *Definitions) accept() {
	owners := make([]plan.MetricOwner, 0, len(d.members))
	candidates, undecided := make(map[string][]*spec, len(d.members)), map[string]bool{}
	for name, m := range d.members {
		candidates[name], undecided[name] = m.candidates(), d.undecided(m)
		owner := plan.MetricOwner{Name: name, Created: d.age(m.object), Undecided: undecided[name]}
		for _, s := range candidates[name] {
			owner.Specs = append(owner.Specs, s.metrics())
		}
		owners = append(owners, owner)
	}
	for name, grant := range plan.MetricConflicts(owners) {
		d.decided(d.members[name], grant, candidates[name], undecided[name])
	}
}

// age returns since when a NodeCronJob has its metrics. The copy of the ConfigMap's definition
// counts as the oldest: who has only the ConfigMap need not know of others.
func (d *Definitions) age(n *v1alpha1.NodeCronJob) time.Time {
	if d.isCopy(n) {
		return time.Time{}
	}
	return n.CreationTimestamp.Time
}

// decided puts a spec into effect, and notes and logs what became of the newest one.
func (d *Definitions) decided(m *member, grant plan.MetricGrant, candidates []*spec, undecided bool) {
	var next *spec
	if grant.Spec >= 0 {
		next = candidates[grant.Spec]
	}
	m.putIntoEffect(next)
	before := m.verdict
	m.decide(grant, undecided)
	switch log := d.Log.With("nodeCronJob", m.object.Name, "generation", m.verdict.generation); {
	case m.verdict.generation == before.generation && m.verdict.reason == before.reason && m.verdict.text() == before.text():
	case m.verdict.reason == v1alpha1.ReasonValid:
		log.Info("NodeCronJob accepted")
	default:
		log.Error("NodeCronJob not accepted", "reason", m.verdict.reason, "problems", m.verdict.problems)
	}
}

// candidates returns the specs that may be in effect, the most wanted one first.
func (m *member) candidates() []*spec {
	wanted, all := []*spec{m.wanted, m.inEffect}, []*spec(nil)
	if m.inEffect == nil || m.inEffect.check.problem != "" {
		wanted = append(wanted, m.fallback)
	}
	for _, s := range wanted {
		if s != nil && s.definition != nil && s.check.problem == "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// putIntoEffect replaces the spec that is in effect. The one of before is kept until the Job
// of its successor was checked: a standby checks none, and may lead next.
func (m *member) putIntoEffect(next *spec) {
	if m.inEffect != nil && m.inEffect != next {
		m.fallback = m.inEffect
	}
	if next != nil && next.check.done {
		m.fallback = nil
	}
	m.inEffect = next
}

// unchecked reports whether the leader has to check the Job of the newest spec. Until it has,
// nothing new is said of the spec: a leader that has just begun would otherwise call it valid,
// and take that back.
func (d *Definitions) unchecked(m *member) bool {
	return d.term != nil && d.Checker != nil && m.wanted.definition != nil && !m.wanted.check.done
}

// undecided reports whether the newest spec waits for the check. One that is in effect when a
// term begins stays so meanwhile, so that no tick waits for it.
func (d *Definitions) undecided(m *member) bool { return d.unchecked(m) && m.wanted != m.inEffect }

// decide says whether the newest spec is accepted.
func (m *member) decide(grant plan.MetricGrant, undecided bool) {
	v := verdict{generation: m.wanted.generation}
	switch {
	case m.wanted.definition == nil:
		v.reason, v.problems = v1alpha1.ReasonInvalid, m.wanted.problems
	case m.wanted.check.problem != "":
		v.reason, v.problems = v1alpha1.ReasonJobInvalid, []string{m.wanted.check.problem}
	case len(grant.Conflicts) > 0:
		v.reason = v1alpha1.ReasonMetricConflict
		for _, c := range grant.Conflicts {
			v.problems = append(v.problems, c.Problem().Error())
		}
	case undecided:
		return // what was said of the spec of before holds
	default:
		v.reason = v1alpha1.ReasonValid
	}
	m.verdict = v
}

// text returns the problems as one text.
func (v verdict) text() string { return strings.Join(v.problems, "; ") }
