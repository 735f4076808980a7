package simulation

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// step is one event in the simulated world.
type step struct {
	at   time.Duration // since the beginning
	who  string
	verb string
	what string
	came string // the outcome
}

func (s step) String() string {
	return fmt.Sprintf("%13.6fs  %-8s %-10s %-44s %s", s.at.Seconds(), s.who, s.verb, s.what, s.came)
}

// lastSteps is how many steps of a failed seed are shown.
const lastSteps = 60

// trace has the last steps, and a hash of all of them. The hash does not depend on the
// order of steps at one instant: goroutines that a kill ends together end in any order.
type trace struct {
	steps   [lastSteps]step
	n       int
	hash    uint64 // of the instants before this one
	at      time.Duration
	instant uint64
	show    func(string) // each step as it happens; nil: nowhere
}

func (t *trace) add(s step) {
	t.steps[t.n%lastSteps] = s
	t.n++
	if s.at != t.at {
		t.hash, t.at, t.instant = t.sum(), s.at, 0
	}
	t.instant += uint64(roll(uint64(s.at), 0, s.who, s.verb, s.what, s.came))
	if t.show != nil {
		t.show(s.String())
	}
}

// sum returns the hash of all steps.
func (t *trace) sum() uint64 { return mix(t.hash ^ t.instant) }

// tail returns the last steps.
func (t *trace) tail() string {
	var b strings.Builder
	for i := max(0, t.n-lastSteps); i < t.n; i++ {
		fmt.Fprintln(&b, t.steps[i%lastSteps])
	}
	return b.String()
}

// story has all steps and logs of a seed.
type story struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *story) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(&s.text, line)
}

// Write implements io.Writer.
func (s *story) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.WriteString("    " + string(p))
}
