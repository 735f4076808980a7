package definition

import (
	"sync/atomic"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Extensions returns what a program that embeds the controller adds to the environment of
// containers under a configuration.
type Extensions func(config.Config) []jobspec.EnvExtension

// Source has the definition of a NodeCronJob that applies now.
type Source struct {
	clock   clock.PassiveClock
	current atomic.Pointer[Definition] // nil: none applies
	latest  atomic.Pointer[Definition] // never nil
	first   atomic.Pointer[Definition] // nil: none has applied yet
	changed chan struct{}
}

// NewSource returns a source without a definition, which Set sets.
func NewSource(nodeCronJob string, clk clock.PassiveClock) *Source {
	s := &Source{clock: clk, changed: make(chan struct{}, 1)}
	s.latest.Store(vacant(nodeCronJob))
	return s
}

// Changed returns the channel on which a new definition is announced. The queue of the
// definition sends its own news on it as well: one goroutine waits for either.
func (s *Source) Changed() chan struct{} { return s.changed }

// Current returns the definition that applies now; nil: none does.
func (s *Source) Current() *Definition { return s.current.Load() }

// Latest returns the definition that applies now or, while none does, the last one that did:
// what has begun goes on by it. If none ever did, it returns one without a schedule.
func (s *Source) Latest() *Definition { return s.latest.Load() }

// First returns the definition that applied first; nil: none has applied yet.
func (s *Source) First() *Definition { return s.first.Load() }

// Set applies a compiled definition, which must not have applied before, to the ticks after
// now, and to the executions that begin from now on. With nil, none applies. It is for one
// goroutine.
func (s *Source) Set(next *Definition) {
	if next != nil {
		next.inherit(s.Latest(), s.clock.Now())
		s.latest.Store(next)
		s.first.CompareAndSwap(nil, next)
	}
	s.current.Store(next)
	select {
	case s.changed <- struct{}{}:
	default: // the ticker is awake already
	}
}
