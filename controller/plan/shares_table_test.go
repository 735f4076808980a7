package plan_test

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// table is what plan.State makes of each change of each content of the state that divides
// maxPods; 0: it refuses the change.
type table struct {
	begins, grants, lowers [restoring + 1][2][3]content // by Execution and share
	ends                   [restoring + 1][2]content
}

func newTable(maxPods int) *table {
	now := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	all := &table{}
	for c := content(1); c <= restoring; c++ {
		for i, uid := range uids {
			for share := range maxPods + 1 {
				all.begins[c][i][share] = c.changed(func(s *plan.State) error {
					_, err := s.Begin(plan.Beginning{
						Definition: plan.TicksOf{Name: uid}, UID: uid, Name: uid, Share: share, MaxPods: maxPods,
						Firing: execution.Firing{Trigger: execution.Manual, Scheduled: now},
					}, now)
					return err
				})
				all.grants[c][i][share] = c.changed(func(s *plan.State) error { return s.Grant(uid, share, maxPods) })
				all.lowers[c][i][share] = c.changed(func(s *plan.State) error { return s.Lower(uid, share) })
			}
			all.ends[c][i] = c.changed(func(s *plan.State) error { s.End(uid); return nil })
		}
	}
	return all
}

var uids = [2]string{"a", "b"}

// changed returns the content after a change of the state.
func (c content) changed(change func(*plan.State) error) content {
	var s plan.State
	for i, share := range c.shares() {
		if share >= 0 {
			s.Entries = append(s.Entries, plan.Entry{UID: uids[i], Definition: uids[i], Share: share})
		}
	}
	if change(&s) != nil {
		return 0
	}
	shares := [2]int{-1, -1}
	for i, uid := range uids {
		if e, ok := s.Entry(uid); ok {
			shares[i] = e.Share
		}
	}
	return contentOf(shares, 0)
}

func (m *model) begun(c content, i, share int) (next content, ok bool) {
	next = m.table.begins[c][i][share]
	return next, next > 0
}

func (m *model) granted(c content, i, to int) (next content, ok bool) {
	if m.lacks(keepsSum) {
		shares := c.shares()
		shares[i] = to
		return contentOf(shares, 0), true
	}
	next = m.table.grants[c][i][to]
	return next, next > 0
}

// lowered returns the same content if the Execution has no entry.
func (m *model) lowered(c content, i, to int) content {
	if next := m.table.lowers[c][i][to]; next > 0 {
		return next
	}
	return c
}

func (m *model) ended(c content, i int) content { return m.table.ends[c][i] }
