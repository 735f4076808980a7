package state_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

var _ state.Store = state.ConfigMapStore{}

func keeperOptions(s *store) state.Options {
	return state.Options{Store: s, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler)}
}

// TestAStateThatIsMissing restores it from an execution that is open.
func TestAStateThatIsMissing(t *testing.T) {
	ticks := map[string]plan.Ticks{"own": {UID: "n", Last: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}}
	restoring := plan.State{Newest: "20000101000003", Restoring: true}
	tests := map[string]struct {
		stored  *plan.State // at the beginning of the term; nil: none
		deleted bool        // in the term
		again   bool        // the same, while the Executions are swapped
		fails   int         // so often, they cannot be swapped
		want    string      // the requests
	}{
		"there was none":                         {want: "write write"},
		"an earlier leader has not restored it":  {stored: &restoring, want: "write"},
		"it is deleted in the term":              {stored: &plan.State{Newest: "20000101000003", Ticks: ticks, Entries: []plan.Entry{entry("own", "own")}}, deleted: true, want: "write read write write"},
		"it is deleted again":                    {again: true, want: "write write read write write"},
		"the Executions cannot be read at first": {fails: 2, want: "write write"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &store{}
				if tt.stored != nil {
					s = exists(*tt.stored)
				}
				r := &restorer{store: s, fails: tt.fails, deletes: tt.again}
				k := newKeeper(t, s, func(o *state.Options) { o.Rebuild = r.rebuild })
				if tt.deleted {
					s.delete()
				}
				var id execution.ID
				_, err := k.Change(t.Context(), leads, begin("b", "e", &id))
				after := s.now()
				_, hasOpen := after.Entry("open")
				_, hasOwn := after.Entry("own")
				if err != nil || id == "" || !hasOpen || hasOwn || after.Restoring || !after.Equal(k.State()) {
					t.Errorf("got %q, %v, state %+v", id, err, after)
				}
				if got := s.requests(); got != "["+tt.want+"]" {
					t.Errorf("requests: got %s, want %s", got, tt.want)
				}
				_, knows := r.known.Entry("own")
				if knows != tt.deleted || len(after.Ticks) != 1+len(r.known.Ticks) || after.Newest < "20000101000001" {
					t.Errorf("it knew %+v, the state has ticks %+v, newest %s", r.known, after.Ticks, after.Newest)
				}
				if r.early {
					t.Error("the Executions were swapped before the state existed again")
				}
			})
		})
	}
}

// restorer finds an Execution that is open.
type restorer struct {
	store   *store
	fails   int
	deletes bool
	known   plan.State
	early   bool
}

func (r *restorer) rebuild(_ context.Context, _ lease.Fence, known plan.State, s *plan.State) error {
	r.known = known
	r.early = r.early || !r.store.now().Restoring
	if r.fails > 0 {
		r.fails--
		return errLost
	}
	if r.deletes {
		r.deletes = false
		r.store.delete()
	}
	s.Restore(entry("open", "a"))
	return nil
}

// TestAnotherChangeGoesOnRestoring lets the context of the one that began to end.
func TestAnotherChangeGoesOnRestoring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		r := &restorer{store: s, fails: 4}
		k := newKeeper(t, s, func(o *state.Options) { o.Rebuild = r.rebuild })
		short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		var id execution.ID
		if _, err := k.Change(short, leads, begin("b", "e", &id)); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errLost) {
			t.Errorf("got %v", err)
		}
		if !s.now().Restoring || !k.State().Restoring {
			t.Errorf("the state is not being restored: %+v", s.now())
		}
		if _, err := k.Change(t.Context(), led, begin("b", "e", &id)); !errors.Is(err, lease.ErrLost) {
			t.Errorf("a replica that led: got %v", err)
		}
		if _, err := k.Change(t.Context(), leads, begin("b", "e", &id)); err != nil || s.now().Restoring {
			t.Errorf("got %v, state %+v", err, s.now())
		}
	})
}

// TestANewTermForgetsWhatTheLastOneKnew, though the state has been deleted since.
func TestANewTermForgetsWhatTheLastOneKnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exists(plan.State{Newest: "20000101000000", Entries: []plan.Entry{entry("x", "a")}})
		k := newKeeper(t, s)
		chain := k.Chain()
		s.delete()
		if err := k.Resume(t.Context()); err != nil || k.Chain() == chain || !k.State().Equal(plan.State{Restoring: true}) {
			t.Errorf("got %v, chain %d, was %d, state %+v", err, k.Chain(), chain, k.State())
		}
		s.down = true
		if err := k.Resume(t.Context()); !errors.Is(err, errLost) {
			t.Errorf("the API server does not respond: got %v", err)
		}
	})
}

func TestWhatIsWrongWithTheStateIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		s := exists(plan.State{Damaged: []string{"e1 probe"}})
		s.problem = `ticks: "probe"`
		k := newKeeper(t, s, func(o *state.Options) { o.Log = slog.New(slog.NewTextHandler(&text, nil)) })
		if err := k.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`forgotten" problem="ticks: \"probe\""`, `line="e1 probe"`} {
			if strings.Count(text.String(), want) != 1 {
				t.Errorf("want %s once in:\n%s", want, text.String())
			}
		}
	})
}

func TestAStateIsACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper(t, exists(plan.State{Entries: []plan.Entry{entry("x", "a")}}))
		s := k.State()
		s.Entries[0].UID = "y"
		if _, ok := k.State().Entry("x"); !ok {
			t.Error("the state of the keeper has changed")
		}
	})
}
