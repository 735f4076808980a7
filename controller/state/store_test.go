package state_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// fault is what becomes of a write.
type fault int

const (
	none         fault = iota
	responseLost       // it is carried out
	requestLost        // it is not
	late               // it is carried out some time later, if it does not conflict
	tooMany            // the API server refuses it for now
	forbidden          // the API server refuses it
)

var errLost = errors.New("connection reset")

// store plays the API server. Writes take a second.
type store struct {
	mu      sync.Mutex
	stored  state.Stored
	created int // how often the state was created
	version int
	log     []string // "read", "write"
	faults  []fault  // of the next writes
	down    bool     // neither reads nor writes succeed
	problem string
	written func(before, after plan.State)
}

// exists returns a store of a state that exists.
func exists(s plan.State) *store {
	st := &store{}
	st.put(s)
	return st
}

func (s *store) put(next plan.State) {
	before := s.stored.State
	if s.stored.Object == nil {
		s.created++
	}
	s.version++
	s.stored = state.Stored{State: next.Clone(), Object: &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		UID: types.UID(strconv.Itoa(s.created)), ResourceVersion: strconv.Itoa(s.version),
	}}}
	if s.written != nil {
		s.written(before, next)
	}
}

// edit changes the state as another client.
func (s *store) edit(change func(*plan.State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.stored.Clone()
	change(&next)
	s.put(next)
}

func (s *store) delete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = state.Stored{}
}

func (s *store) now() plan.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored.Clone()
}

// requests returns the requests since the last call.
func (s *store) requests() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := fmt.Sprint(s.log)
	s.log = nil
	return log
}

func (s *store) Read(ctx context.Context) (state.Stored, []string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, "read")
	if err := ctx.Err(); err != nil {
		return state.Stored{}, nil, err
	}
	if s.down {
		return state.Stored{}, nil, errLost
	}
	found := s.stored
	found.State = found.Clone()
	if s.problem != "" {
		return found, []string{s.problem}, nil
	}
	return found, nil, nil
}

func (s *store) Swap(ctx context.Context, next state.Stored) (state.Stored, error) {
	s.mu.Lock()
	s.log = append(s.log, "write")
	what := none
	if len(s.faults) > 0 {
		what, s.faults = s.faults[0], s.faults[1:]
	}
	if s.down {
		what = requestLost
	}
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return state.Stored{}, ctx.Err()
	}
	switch what {
	case none:
		return s.swap(next)
	case responseLost:
		_, _ = s.swap(next)
	case late:
		go func() {
			time.Sleep(2 * time.Second)
			_, _ = s.swap(next)
		}()
	case tooMany:
		return state.Stored{}, apierrors.NewTooManyRequests("busy", 1)
	case forbidden:
		return state.Stored{}, apierrors.NewForbidden(corev1.Resource("configmaps"), "check-state", errors.New("no"))
	}
	return state.Stored{}, errLost
}

func (s *store) swap(next state.Stored) (state.Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next.Version() != s.stored.Version() {
		return state.Stored{}, state.ErrConflict
	}
	s.put(next.State)
	return s.stored, nil
}

// newKeeper returns a keeper that has resumed.
func newKeeper(t *testing.T, s *store, change ...func(*state.Options)) *state.Keeper {
	t.Helper()
	o := state.Options{Store: s, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&o)
	}
	k := state.NewKeeper(o)
	if err := k.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.requests()
	return k
}

// leads is the fence of a leader.
func leads(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	write, done := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	return write, done, nil
}

// led is the fence of a replica that led.
func led(context.Context) (context.Context, context.CancelFunc, error) {
	return nil, nil, lease.ErrLost
}

// begin returns a change that begins an execution of a definition for a person.
func begin(definition, uid string, id *execution.ID) state.Change {
	now := time.Now()
	return state.Change{Apply: func(s *plan.State) (err error) {
		*id, err = s.Begin(plan.Beginning{
			Definition: plan.TicksOf{Name: definition, UID: "n-" + definition}, UID: uid, Name: uid,
			Firing: execution.Firing{Trigger: execution.Manual, Scheduled: now},
		}, now)
		return err
	}}
}

func entry(uid, definition string) plan.Entry {
	return plan.Entry{UID: uid, Name: uid, Definition: definition, ID: "20000101000000", Share: execution.NoShare}
}
