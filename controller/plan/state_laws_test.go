package plan

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// TestLawsOfTheState lets two leaders change one state by compare-and-swap, in random
// order. Each acts on what it last read or wrote. Writes conflict; responses get lost, after
// the write, before it, or with a write that comes late.
func TestLawsOfTheState(t *testing.T) {
	for seed := range uint64(300) {
		w := newStateWorld(t, seed)
		for range 150 {
			w.step()
		}
	}
}

const lawsCap = 7

type stateWorld struct {
	t       *testing.T
	seed    uint64
	random  *rand.Rand
	now     time.Time
	stored  State
	version int
	leaders [2]stateLeader
	late    []lateWrite
	made    int                     // Executions
	began   []execution.ID          // in the order of their writes
	ticks   map[string]string       // UID of the Execution for which a tick of a definition was processed
	queued  map[string]time.Time    // ticks that were processed for Executions that have not begun
	opened  map[string]execution.ID // the last ID of each Execution that began
	edited  map[string]bool         // UIDs of entries that were restored
}

// stateLeader is what a leader last read or wrote.
type stateLeader struct {
	state   State
	version int
}

type lateWrite struct {
	next    State
	version int
	done    func(before State)
}

func newStateWorld(t *testing.T, seed uint64) *stateWorld {
	return &stateWorld{
		t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), now: stateTick,
		ticks: map[string]string{}, queued: map[string]time.Time{}, opened: map[string]execution.ID{}, edited: map[string]bool{},
	}
}

func (w *stateWorld) step() {
	w.now = w.now.Add(time.Duration(w.random.IntN(40_000)) * time.Millisecond)
	if len(w.late) > 0 && w.random.IntN(3) == 0 { // it is carried out after all
		write := w.late[0]
		w.late = w.late[1:]
		w.write(write)
	}
	leader := &w.leaders[w.random.IntN(2)]
	next := leader.state.Clone()
	done := w.change(&next)
	if done == nil || next.Equal(leader.state) {
		return
	}
	write := lateWrite{next, leader.version, done}
	switch w.random.IntN(10) {
	case 0: // the response is lost
		w.write(write)
	case 1: // the request is lost
	case 2: // both, for now
		w.late = append(w.late, write)
	default:
		if w.write(write) {
			*leader = stateLeader{next, w.version}
			return
		}
	}
	*leader = stateLeader{w.stored.Clone(), w.version}
}

// write is the compare-and-swap.
func (w *stateWorld) write(write lateWrite) bool {
	if write.version != w.version {
		return false
	}
	before := w.stored
	w.stored = write.next.Clone()
	w.version++
	write.done(before)
	w.check(before)
	return true
}

// change makes a random change, and returns what to check once it is written.
func (w *stateWorld) change(s *State) (done func(before State)) {
	d := TicksOf{Name: pick(w.random, "a", "b", "c"), UID: "n1", Created: stateTick, Schedule: "s1"}
	if w.random.IntN(30) == 0 {
		d.UID, d.Created, d.Schedule = "n2", w.now, "s2"
	}
	nothing := func(State) {}
	uid := ""
	if len(s.Entries) > 0 {
		uid = s.Entries[w.random.IntN(len(s.Entries))].UID
	}
	switch w.random.IntN(12) {
	case 0, 1, 2:
		return w.begin(s, d)
	case 3:
		w.made++
		uid, at := fmt.Sprintf("%s%d", d.Name, w.made), w.now
		if !s.TicksOf(d).Last.Before(whole(at)) || !s.Pass(d, at, uid) {
			return nil
		}
		return func(State) {
			w.fired(d.Name, whole(at), uid)
			w.queued[uid] = whole(at)
		}
	case 4:
		s.Pass(d, w.now.Add(-time.Duration(w.random.IntN(60))*time.Second), "")
	case 5:
		s.Follow(d, func(string) bool { return w.random.IntN(2) == 0 }, w.now)
	case 6:
		return w.grant(s, uid)
	case 7:
		if err := s.Lower(uid, w.random.IntN(lawsCap)); err != nil && uid != "" {
			w.t.Fatalf("seed %d: lower: %v", w.seed, err)
		}
	case 8, 9:
		s.End(uid)
	case 10:
		return w.restore(s, d)
	default:
		id, err := s.NextID(uid)
		if err != nil {
			return nil
		}
		return func(State) { w.began, w.opened[uid] = append(w.began, id), id }
	}
	return nothing
}

func (w *stateWorld) begin(s *State, d TicksOf) func(State) {
	b := Beginning{Definition: d, Firing: execution.Firing{Trigger: execution.Cron, Scheduled: whole(w.now)}, Share: w.random.IntN(4), MaxPods: lawsCap}
	w.made++
	b.UID = fmt.Sprintf("%s%d", d.Name, w.made)
	switch w.random.IntN(4) {
	case 0:
		b.Firing = execution.Firing{Trigger: execution.Manual, Scheduled: w.now.Add(time.Duration(w.random.IntN(60)-30) * time.Second)}
	case 1: // the execution of a tick that was processed
		for _, uid := range slices.Sorted(maps.Keys(w.queued)) {
			if uid[:1] == d.Name {
				b.UID, b.Firing.Scheduled, b.Queued = uid, w.queued[uid], true
				break
			}
		}
	case 2: // a tick that may have been processed, by an Execution that may be another's
		b.Firing.Scheduled = whole(w.now.Add(-time.Duration(w.random.IntN(90)) * time.Second))
	}
	_, begun := s.Entry(b.UID)
	newest := s.Newest
	id, err := s.Begin(b, w.now)
	if err != nil || begun {
		return nil
	}
	if id <= newest {
		w.t.Fatalf("seed %d: ID %s is given after %s", w.seed, id, newest)
	}
	return func(before State) {
		for _, e := range before.Entries {
			if e.Definition == d.Name {
				w.t.Fatalf("seed %d: %s begins beside %+v", w.seed, b.UID, e)
			}
		}
		if b.Firing.Trigger == execution.Cron && !b.Queued {
			w.fired(d.Name, b.Firing.Scheduled, b.UID)
		}
		delete(w.queued, b.UID)
		w.began, w.opened[b.UID] = append(w.began, id), id
	}
}

// fired checks that a tick has one Execution.
func (w *stateWorld) fired(definition string, at time.Time, uid string) {
	tick := definition + at.String()
	if other := w.ticks[tick]; other != "" {
		w.t.Fatalf("seed %d: both %s and %s for the tick %s", w.seed, other, uid, tick)
	}
	w.ticks[tick] = uid
}

func (w *stateWorld) grant(s *State, uid string) func(State) {
	before, _ := s.Entry(uid)
	if err := s.Grant(uid, before.Share+w.random.IntN(4), lawsCap); err != nil {
		return nil
	}
	return func(State) {
		if sum, known := w.stored.Shares(); known && sum > lawsCap {
			w.t.Fatalf("seed %d: shares of %d after a grant: %+v", w.seed, sum, w.stored.Entries)
		}
	}
}

// restore adds the entry of an execution that was opened, as if the state had been edited.
func (w *stateWorld) restore(s *State, d TicksOf) func(State) {
	for _, uid := range slices.Sorted(maps.Keys(w.opened)) {
		if _, ok := s.Entry(uid); ok || uid[:1] != d.Name || w.random.IntN(3) > 0 {
			continue
		}
		s.Restore(Entry{UID: uid, Name: uid, Definition: d.Name, ID: w.opened[uid], Share: 0})
		return func(State) { w.edited[uid] = true }
	}
	return nil
}

// check checks what holds after each write.
func (w *stateWorld) check(before State) {
	s := w.stored
	if s.Newest < before.Newest {
		w.t.Fatalf("seed %d: the newest ID %s became %s", w.seed, before.Newest, s.Newest)
	}
	for name, ticks := range before.Ticks {
		if now, ok := s.Ticks[name]; ok && now.Last.Before(ticks.Last) {
			w.t.Fatalf("seed %d: the last tick of %s went back from %s to %s", w.seed, name, ticks.Last, now.Last)
		}
	}
	if !slices.IsSorted(w.began) || len(slices.Compact(slices.Clone(w.began))) != len(w.began) {
		w.t.Fatalf("seed %d: IDs do not increase: %v", w.seed, w.began)
	}
	open, uids, ids := map[string]int{}, map[string]bool{}, map[execution.ID]bool{}
	for _, e := range s.Entries {
		if !w.edited[e.UID] {
			open[e.Definition]++
		}
		if uids[e.UID] || ids[e.ID] || open[e.Definition] > 1 {
			w.t.Fatalf("seed %d: entries %+v", w.seed, s.Entries)
		}
		uids[e.UID], ids[e.ID] = true, true
	}
}

// TestADamagedEntryBlocksEveryBegin also holds for an execution that was begun: the damaged
// entry may be of the same definition.
func TestADamagedEntryBlocksEveryBegin(t *testing.T) {
	s := State{Damaged: []string{"e1 probe"}, Entries: []Entry{{UID: "e", Definition: "probe"}}}
	for _, d := range []string{"probe", "audit"} {
		_, err := s.Begin(Beginning{Definition: TicksOf{Name: d}, UID: "e", Firing: execution.Firing{Trigger: execution.Manual}}, stateNow)
		if !errors.Is(err, ErrDamaged) || !errors.Is(err, ErrBusy) {
			t.Errorf("%s: got %v", d, err)
		}
	}
}

func pick[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }
