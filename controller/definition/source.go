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

// SourceOptions are the options of a Source.
type SourceOptions struct {
	Initial    config.Config // that the process begins with
	Extensions Extensions    // nil: there are none
	// Applied is called with every configuration that is about to apply; may be nil.
	Applied func(config.Config)
	Clock   clock.PassiveClock
}

// Source has the definition that applies now.
type Source struct {
	SourceOptions
	current atomic.Pointer[Definition] // nil: none applies
	latest  atomic.Pointer[Definition] // never nil
	first   atomic.Pointer[Definition] // nil: none has applied yet
	changed chan struct{}
}

// Changed returns the channel on which a new definition is announced. The queue of the
// definition sends its own news on it as well: one goroutine waits for either.
func (s *Source) Changed() chan struct{} { return s.changed }

// NewSource returns a source with the definition of the initial configuration.
func NewSource(o SourceOptions) (*Source, error) {
	first, err := compile(o.Initial, o.Extensions, o.Clock.Now())
	if err != nil {
		return nil, err
	}
	s := &Source{SourceOptions: o, changed: make(chan struct{}, 1)}
	s.first.Store(first)
	s.apply(first)
	return s, nil
}

// NewEmptySource returns a source without a definition, which Set sets, for a NodeCronJob.
func NewEmptySource(nodeCronJob string, clk clock.PassiveClock) *Source {
	s := &Source{SourceOptions: SourceOptions{Clock: clk}, changed: make(chan struct{}, 1)}
	s.latest.Store(vacant(nodeCronJob))
	return s
}

// Current returns the definition that applies now; nil: none does.
func (s *Source) Current() *Definition { return s.current.Load() }

// Latest returns the definition that applies now or, while none does, the last one that did:
// what has begun goes on by it. If none ever did, it returns one without a schedule.
func (s *Source) Latest() *Definition { return s.latest.Load() }

// First returns the definition that applied first; nil: none has applied yet.
func (s *Source) First() *Definition { return s.first.Load() }

// Config returns the configuration that applies now, or did last.
func (s *Source) Config() config.Config { return s.Latest().Config }

// Reconfigure applies another configuration to the ticks after now, and to the executions
// that begin from now on. Keys that need a restart must be unchanged.
func (s *Source) Reconfigure(cfg config.Config) error {
	next, err := compile(cfg, s.Extensions, s.Clock.Now())
	if err != nil {
		return err
	}
	if s.Applied != nil {
		s.Applied(cfg)
	}
	s.apply(next)
	return nil
}

// apply applies a configuration, which may have no definition.
func (s *Source) apply(d *Definition) {
	if !d.HasDefinition {
		s.latest.Store(d)
		s.Set(nil)
		return
	}
	if s.latest.Load() == nil {
		s.latest.Store(d)
		s.current.Store(d)
		return
	}
	s.Set(d)
}

// Set applies a compiled definition, which must not have applied before, to the ticks after
// now, and to the executions that begin from now on. With nil, none applies. It is for one
// goroutine.
func (s *Source) Set(next *Definition) {
	if next != nil {
		next.inherit(s.Latest(), s.Clock.Now())
		s.latest.Store(next)
		s.first.CompareAndSwap(nil, next)
	}
	s.current.Store(next)
	select {
	case s.changed <- struct{}{}:
	default: // the ticker is awake already
	}
}
