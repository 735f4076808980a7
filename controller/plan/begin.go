package plan

import (
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Beginning is an Execution that is about to be opened.
type Beginning struct {
	Definition TicksOf
	UID        string // of the Execution
	Name       string // of the Execution
	Firing     execution.Firing
	// Queued says that the status of the Execution is Queued. If it is one of a tick, that
	// tick was processed for it, though another one may have been processed since.
	Queued bool
	// After is the newest ID that is known from elsewhere: the state may have been deleted.
	After execution.ID
	Share int // of MaxPods; 0: it admits nothing yet
	// MaxPods is the cap over all definitions. 0: none, and the execution gets no share.
	MaxPods int
}

// Begin adds the entry of an execution that is about to be opened, and allocates its ID. If
// it is the execution of a tick, the tick counts as processed from now on. An Execution
// that has an entry keeps it, and its ID: it was begun before.
//
// The error is ErrBusy if another execution of the definition has an entry, which ErrDamaged
// is as well; ErrPassed or ErrEarly if the tick must not run, or not yet; ErrNoRoom if the
// share exceeds what is free.
func (s *State) Begin(b Beginning, now time.Time) (execution.ID, error) {
	if err := s.busy(b.Definition.Name, b.UID); err != nil {
		return "", err
	}
	if e, ok := s.Entry(b.UID); ok {
		return e.ID, nil
	}
	ticks := s.TicksOf(b.Definition)
	if b.Firing.Trigger == execution.Cron {
		passed := !ticks.Last.Before(b.Firing.Scheduled)
		switch {
		case b.Firing.Scheduled.After(now):
			return "", fmt.Errorf("%w: that of %s", ErrEarly, b.Firing.Scheduled.UTC().Format(time.RFC3339))
		case !passed:
			ticks.Last, ticks.Execution, ticks.Schedule = later(ticks.Last, whole(now)), b.UID, b.Definition.Schedule
		case ticks.Execution != b.UID && !b.Queued:
			return "", fmt.Errorf("%w: ticks of %s until %s were", ErrPassed, b.Definition.Name, ticks.Last.Format(time.RFC3339))
		}
	}
	share := execution.NoShare
	if b.MaxPods > 0 {
		share = b.Share
	}
	if share != 0 {
		if err := s.room(share, b.MaxPods); err != nil {
			return "", err
		}
	}
	id, err := s.nextID(max(execution.NewID(earlier(b.Firing.Scheduled, now)), next(b.After)))
	if err != nil {
		return "", err
	}
	ticks.Opened = whole(now)
	s.setTicks(b.Definition.Name, ticks)
	s.Newest = id
	s.Entries = append(s.Entries, Entry{UID: b.UID, Name: b.Name, Definition: b.Definition.Name, ID: id, Share: share})
	return id, nil
}

// NextID gives an execution that is being opened another ID: an object of the one that it
// has exists, and is not its own.
func (s *State) NextID(uid string) (execution.ID, error) {
	i := s.index(uid)
	if i < 0 {
		return "", ErrNoEntry
	}
	id, err := s.nextID("")
	if err != nil {
		return "", err
	}
	s.Newest, s.Entries[i].ID = id, id
	return id, nil
}

// nextID returns an ID from least on that is newer than all before.
func (s State) nextID(least execution.ID) (execution.ID, error) {
	id := max(least, next(s.Newest))
	if _, err := execution.ParseID(string(id)); err != nil || id <= s.Newest { // after the year 9999
		return "", fmt.Errorf("no ID is left after %s", s.Newest)
	}
	return id, nil
}

// next returns the ID after one, or nothing after nothing.
func next(id execution.ID) execution.ID {
	if id == "" {
		return ""
	}
	return id.Next()
}
