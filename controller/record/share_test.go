package record

import (
	"errors"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestTheShareIsInTheStatusWhileTheExecutionIsOpen(t *testing.T) {
	s := newStore(t)
	r := create(t, s.Store, testPlan())
	if r.Share() != execution.NoShare {
		t.Errorf("without maxPods: got %d", r.Share())
	}
	for _, tt := range []struct {
		share *int32
		want  int
	}{{new(int32(0)), 0}, {new(int32(7)), 7}, {nil, execution.NoShare}} {
		var err error
		r, err = s.Swap(t.Context(), r, Next{Account: r.Account, Share: tt.share, At: time.Now()})
		testkit.Must(t, err)
		read, err := s.Refresh(t.Context(), r)
		testkit.Must(t, err)
		if r.Share() != tt.want || read.Share() != tt.want {
			t.Errorf("got %d, and %d read again, want %d", r.Share(), read.Share(), tt.want)
		}
	}
}

// TestAWriteThatIsDemanded changes nothing in the status within a second, which is no write
// to the API server.
func TestAWriteThatIsDemanded(t *testing.T) {
	s := newStore(t)
	r := create(t, s.Store, testPlan())
	next := Next{Account: r.Account, Write: true, At: time.Date(2026, 11, 24, 3, 50, 0, 0, time.UTC)}
	written, err := s.Swap(t.Context(), r, next)
	testkit.Must(t, err)
	if _, err := s.Swap(t.Context(), written, next); !errors.Is(err, ErrUnchanged) || apierrors.IsConflict(err) {
		t.Errorf("the same again: got %v", err)
	}
	next.Write = false
	if _, err := s.Swap(t.Context(), written, next); err != nil {
		t.Errorf("the same again, and no write is demanded: got %v", err)
	}
	next.Write, next.At = true, next.At.Add(time.Second)
	if _, err := s.Swap(t.Context(), written, next); err != nil {
		t.Errorf("a second later: got %v", err)
	}
}
