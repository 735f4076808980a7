package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// State is what one object in the API server says about all definitions. It is changed by
// compare-and-swap, so that one leader decides each of these once, and every other leader
// finds the decision: which IDs are given, which ticks are processed, which execution of a
// definition may be open, and how many node tasks each may admit. Each change is written
// before it counts.
//
// Its times are in UTC and have whole seconds.
type State struct {
	Newest  execution.ID     // of all executions
	Ticks   map[string]Ticks // by definition
	Entries []Entry
	Grants  uint64 // raised by each grant, so that a grant of the same share is a change too
	// Damaged are the entries that cannot be read. Each may be of any definition, and have
	// any share.
	Damaged []string
	// Restoring says that the state was deleted, and that its entries are not known yet. It
	// then refuses each new entry, and each change of a share.
	Restoring bool
}

// Ticks is which ticks of a definition were processed.
type Ticks struct {
	UID       string    // of the NodeCronJob
	Last      time.Time // until when ticks are processed
	Execution string    // UID of the newest Execution whose tick was processed
	Opened    time.Time // when an execution last began
	Schedule  string    // at Last
}

// Entry is an execution that is being opened, is open, or has Jobs that may still run.
type Entry struct {
	UID        string // of the Execution
	Name       string // of the Execution
	Definition string
	ID         execution.ID
	Share      int // of maxPods: how many node tasks may be admitted and not have ended; execution.NoShare: no maxPods bounds it
}

// Why the state refuses a change.
var (
	ErrBusy    = errors.New("another execution of the definition has an entry")
	ErrDamaged = fmt.Errorf("%w, or may have: an entry is damaged", ErrBusy)
	// ErrRestoring needs no answer: the writer of the state restores it first.
	ErrRestoring = fmt.Errorf("%w, or may have: the state is being restored", ErrBusy)
	ErrPassed    = errors.New("the tick was processed")
	ErrEarly     = errors.New("the tick is not due yet")
	ErrNoEntry   = errors.New("the execution has no entry")
	ErrNoRoom    = errors.New("the shares would exceed maxPods")
	ErrLowers    = errors.New("a grant must not lower a share")
)

// Clone returns a copy that shares no memory with the state.
func (s State) Clone() State {
	s.Ticks = maps.Clone(s.Ticks)
	s.Entries = slices.Clone(s.Entries)
	s.Damaged = slices.Clone(s.Damaged)
	return s
}

// Equal reports whether two states say the same.
func (s State) Equal(other State) bool {
	return s.Newest == other.Newest && s.Grants == other.Grants && s.Restoring == other.Restoring &&
		maps.EqualFunc(s.Ticks, other.Ticks, Ticks.Equal) &&
		slices.Equal(s.Entries, other.Entries) && slices.Equal(s.Damaged, other.Damaged)
}

// Equal reports whether the same ticks were processed.
func (t Ticks) Equal(other Ticks) bool {
	return t.UID == other.UID && t.Last.Equal(other.Last) && t.Execution == other.Execution &&
		t.Opened.Equal(other.Opened) && t.Schedule == other.Schedule
}

// Entry returns the entry of the Execution of a UID.
func (s State) Entry(uid string) (e Entry, ok bool) {
	if i := s.index(uid); i >= 0 {
		return s.Entries[i], true
	}
	return Entry{}, false
}

func (s State) index(uid string) int {
	return slices.IndexFunc(s.Entries, func(e Entry) bool { return e.UID == uid })
}

// busy returns an error if an execution of the definition, other than that of the UID, has
// an entry.
func (s State) busy(definition, uid string) error {
	if s.Restoring {
		return ErrRestoring
	}
	if len(s.Damaged) > 0 {
		return fmt.Errorf("%w: %.200q", ErrDamaged, s.Damaged[0])
	}
	for _, e := range s.Entries {
		if e.Definition == definition && e.UID != uid {
			return fmt.Errorf("%w: %s of %s, with the ID %s", ErrBusy, e.Name, definition, e.ID)
		}
	}
	return nil
}

// End removes the entry of an Execution: it is closed, rejected or gone, and none of its
// Jobs may run.
func (s *State) End(uid string) {
	s.Entries = slices.DeleteFunc(s.Entries, func(e Entry) bool { return e.UID == uid })
}

// Lost returns what is left of the state if it was deleted, for a process that knew it: it
// has to be restored. The entries are not left, because an earlier leader may have changed
// them: only the Executions show which are open, and with which shares.
func (s State) Lost() State {
	s = s.Clone()
	s.Entries, s.Damaged, s.Restoring = nil, nil, true
	return s
}

// Recall adds what another state knows of ticks and IDs.
func (s *State) Recall(known State) {
	s.Newest, s.Grants = max(s.Newest, known.Newest), max(s.Grants, known.Grants)
	for definition, t := range known.Ticks {
		if old, ok := s.Ticks[definition]; !ok || old.Last.Before(t.Last) {
			s.setTicks(definition, t)
		}
	}
}

// Restore adds the entry of an Execution that has been opened. An Execution that has one
// keeps it, with the ID and the share that were written, but the ID under which the
// Execution was opened replaces another one.
func (s *State) Restore(e Entry) {
	s.Newest = max(s.Newest, e.ID)
	if i := s.index(e.UID); i >= 0 {
		s.Entries[i].ID = e.ID
		return
	}
	s.Entries = append(s.Entries, e)
}

// whole returns a time as the state stores it.
func whole(at time.Time) time.Time { return at.UTC().Truncate(time.Second) }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
