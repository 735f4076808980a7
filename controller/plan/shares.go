package plan

import (
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Grant raises the share of an execution, within maxPods; 0 means that there is no cap. A
// grant of the present share is a change as well, so that its writer has proof that the
// state has not changed since it was read.
//
// Without a cap, a share may be raised to execution.NoShare. With one, no share can be granted while
// an execution has none, because it may admit any number: Lower gives it a share.
func (s *State) Grant(uid string, to, maxPods int) error {
	i, err := s.sharing(uid)
	if err != nil {
		return err
	}
	to = max(to, execution.NoShare)
	have := s.Entries[i].Share
	if !within(have, to) {
		return fmt.Errorf("%w: from %d to %d", ErrLowers, have, to)
	}
	if err := s.room(to-have, maxPods); err != nil {
		return err
	}
	s.Entries[i].Share = to
	s.Grants++
	return nil
}

// Lower lowers the share of an execution. A lower one stays.
func (s *State) Lower(uid string, to int) error {
	i, err := s.sharing(uid)
	if err != nil {
		return err
	}
	to = max(to, execution.NoShare)
	if within(to, s.Entries[i].Share) {
		s.Entries[i].Share = to
	}
	return nil
}

// sharing returns the index of the entry of an Execution, if its share may be changed.
func (s State) sharing(uid string) (i int, err error) {
	if s.Restoring {
		return 0, ErrRestoring
	}
	if i = s.index(uid); i < 0 {
		return 0, ErrNoEntry
	}
	return i, nil
}

// Shares returns the sum of all shares. It is not known if an execution has none, or if an
// entry is damaged.
func (s State) Shares() (sum int, known bool) {
	for _, e := range s.Entries {
		if e.Share < 0 {
			return 0, false
		}
		sum += e.Share
	}
	return sum, len(s.Damaged) == 0
}

// room returns an error if the shares would exceed the cap with that much more.
func (s State) room(more, maxPods int) error {
	if maxPods == 0 {
		return nil
	}
	sum, known := s.Shares()
	switch {
	case !known:
		return fmt.Errorf("%w of %d: an execution has no share, or one that cannot be read", ErrNoRoom, maxPods)
	case sum+more > maxPods || more < 0:
		return fmt.Errorf("%w: %d of %d are taken", ErrNoRoom, sum, maxPods)
	}
	return nil
}

// within reports whether a share is at most another one.
func within(share, other int) bool { return other < 0 || (share >= 0 && share <= other) }
