package plan_test

import (
	"fmt"
	"strings"
)

// world is a state of the model of how maxPods is divided: docs/design/0014. It plays the
// protocol with two leaders that do not know of each other, and one or two Executions. It has every order of their reads and writes, of crashes, and of
// responses that are lost, while the request may still arrive. Versions are not counted: a
// leader has the present one of an object or it has not, and only then can it swap it.
//
// What a leader has in memory about an object that it does not have the present version of
// is of no use to it: it finds out by a conflict, at a time that is any. So the model
// needs no copies of what was read, and has no step for a conflict: the leader reads.
type world struct {
	state      content
	lateState  late // a swap of the state whose sender waits no longer; it may arrive
	lateCreate late // a creation of the state, the same
	deletions  uint8
	executions [2]object
	lateWrites [2]late // of the Executions
	leaders    [2]leader
}

// object is what an Execution says.
type object struct {
	phase          phase
	share, exposed uint8
}

type phase uint8

const (
	queued phase = iota
	open
	closed
)

// late is a request under way, as 1 + what it writes; 0: none.
type late uint8

// leader is a process that believes it leads: what it has in memory.
type leader struct {
	holdsState bool // the present version
	sawNone    bool // it has seen that the state is missing
	of         [2]memory
}

// memory is what a leader knows of an Execution.
type memory struct {
	holds    holds
	raise    uint8 // the share that was granted, and is to be written; 0: none
	lower    uint8 // 1 + the share that was written, and is to be told to the state; 0: none
	opens    uint8 // 1 + the share with which it is to be opened; 0: none
	restores uint8 // 1 + the share to write into a new state, or 1 + notOpen; 0: unknown
}

// holds says which version of an Execution a leader has.
type holds uint8

const (
	noVersion holds = iota
	oldVersion
	presentVersion
)

// notOpen stands for the share of an Execution that is not open.
const notOpen = 3

// content is what the state says: 0 if it is missing.
type content uint8

const restoring content = 16 // no share may be granted yet

// contentOf returns the content with these shares; none is -1.
func contentOf(shares [2]int, more content) content {
	return 1 + content(shares[0]+1) + 4*content(shares[1]+1) + more
}

func (c content) shares() (shares [2]int) {
	return [2]int{int((c-1)%4) - 1, int((c-1)/4%4) - 1}
}

func (c content) restoring() bool { return c > restoring }

// divides reports whether shares may be changed.
func (c content) divides() bool { return c > 0 && !c.restoring() }

func (c content) String() string {
	switch {
	case c == 0:
		return "missing"
	case c.restoring():
		return "restoring"
	default:
		return fmt.Sprint(c.shares())
	}
}

func lateObject(o object) late {
	return 1 + late(o.phase) + 3*late(o.share) + 9*late(o.exposed)
}

func (l late) object() object {
	n := uint8(l - 1)
	return object{phase: phase(n % 3), share: n / 3 % 3, exposed: n / 9}
}

// broken returns which invariant does not hold.
func (w *world) broken(maxPods int) string {
	inState, inExecutions := 0, 0
	for i, o := range w.executions {
		share := w.state.shares()[i]
		if w.state.divides() {
			inState += max(share, 0)
		}
		if o.phase != open {
			continue
		}
		inExecutions += int(o.share)
		switch {
		case o.exposed > o.share:
			return "(I-a) more is exposed than the share of the Execution"
		case w.state.divides() && int(o.share) > share:
			return "(I-b) the share of the Execution exceeds that in the state"
		}
	}
	switch {
	case inState > maxPods:
		return "(I-c) the shares in the state exceed maxPods"
	case inExecutions > maxPods:
		return "the shares of the Executions exceed maxPods"
	}
	return ""
}

// key is a world in few bits.
type key [2]uint64

func (w *world) pack() (k key) {
	for _, l := range w.leaders {
		for _, m := range l.of {
			k[0] = k[0]<<11 | uint64(m.holds)<<9 | uint64(m.raise)<<7 | uint64(m.lower)<<5 | uint64(m.opens)<<3 | uint64(m.restores)
		}
		k[0] = k[0]<<2 | bit(l.holdsState)<<1 | bit(l.sawNone)
	}
	for i, o := range w.executions {
		k[1] = k[1]<<12 | uint64(lateObject(o))<<6 | uint64(w.lateWrites[i])
	}
	k[1] = k[1]<<20 | uint64(w.state)<<14 | uint64(w.lateState)<<8 | uint64(w.lateCreate)<<2 | uint64(w.deletions)
	return k
}

func (k key) unpack() (w world) {
	take := func(from *uint64, bits int) uint8 {
		n := uint8(*from & (1<<bits - 1))
		*from >>= bits
		return n
	}
	w.deletions, w.lateCreate, w.lateState = take(&k[1], 2), late(take(&k[1], 6)), late(take(&k[1], 6))
	w.state = content(take(&k[1], 6))
	for i := 1; i >= 0; i-- {
		w.lateWrites[i] = late(take(&k[1], 6))
		w.executions[i] = late(take(&k[1], 6)).object()
	}
	for n := 1; n >= 0; n-- {
		l := &w.leaders[n]
		l.sawNone, l.holdsState = take(&k[0], 1) == 1, take(&k[0], 1) == 1
		for i := 1; i >= 0; i-- {
			m := &l.of[i]
			m.restores, m.opens, m.lower, m.raise = take(&k[0], 3), take(&k[0], 2), take(&k[0], 2), take(&k[0], 2)
			m.holds = holds(take(&k[0], 2))
		}
	}
	return w
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// canonical returns the same key for worlds that differ only in which leader or Execution
// is the first.
func (w world) canonical(executions int) key {
	least := w.pack()
	for n := 1; n < 2*executions; n++ {
		w.leaders[0], w.leaders[1] = w.leaders[1], w.leaders[0]
		if n == 2 {
			w.swapExecutions()
		}
		if k := w.pack(); k[0] < least[0] || k[0] == least[0] && k[1] < least[1] {
			least = k
		}
	}
	return least
}

func (w *world) swapExecutions() {
	w.executions[0], w.executions[1] = w.executions[1], w.executions[0]
	w.lateWrites[0], w.lateWrites[1] = w.lateWrites[1], w.lateWrites[0]
	for n := range w.leaders {
		of := &w.leaders[n].of
		of[0], of[1] = of[1], of[0]
	}
	w.state = w.state.swapped()
	if w.lateState > 0 {
		w.lateState = late(content(w.lateState-1).swapped()) + 1
	}
	if w.lateCreate > 0 {
		w.lateCreate = late(content(w.lateCreate-1).swapped()) + 1
	}
}

func (c content) swapped() content {
	if c == 0 {
		return 0
	}
	shares := c.shares()
	return contentOf([2]int{shares[1], shares[0]}, (c-1)/16*16)
}

func (w world) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "state %v", w.state)
	for i, o := range w.executions {
		fmt.Fprintf(&b, ", %c %s %d of %d", 'a'+i, []string{"queued", "open", "closed"}[o.phase], o.exposed, o.share)
	}
	return b.String()
}
