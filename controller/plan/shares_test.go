package plan

import (
	"errors"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestGrant(t *testing.T) {
	tests := map[string]struct {
		shares  []int // the first is that of the execution
		damaged bool
		to, max int
		want    error
	}{
		"all that is free":  {shares: []int{2, 5}, to: 5, max: 10},
		"more than is free": {shares: []int{2, 5}, to: 6, max: 10, want: ErrNoRoom},
		"what it has":       {shares: []int{2, 5}, to: 2, max: 10},
		"what it has, beyond a cap that was lowered": {shares: []int{2, 5}, to: 2, max: 6, want: ErrNoRoom},
		"less":                                  {shares: []int{2, 5}, to: 1, max: 10, want: ErrLowers},
		"a share, and it had none":              {shares: []int{execution.NoShare}, to: 5, max: 10, want: ErrLowers},
		"a share, and another one has none":     {shares: []int{2, execution.NoShare}, to: 3, max: 10, want: ErrNoRoom},
		"a share, and an entry is damaged":      {shares: []int{2}, damaged: true, to: 3, max: 10, want: ErrNoRoom},
		"no share with a cap":                   {shares: []int{2}, to: execution.NoShare, max: 10, want: ErrNoRoom},
		"no share again with a cap":             {shares: []int{execution.NoShare}, to: execution.NoShare, max: 10, want: ErrNoRoom},
		"no share after the cap was taken away": {shares: []int{2, 5}, to: execution.NoShare},
		"any share without a cap":               {shares: []int{2, 5}, to: 5000},
		"an execution that has no entry":        {max: 10, want: ErrNoEntry},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := withShares(tt.shares...)
			if tt.damaged {
				s.Damaged = []string{"?"}
			}
			before := s.Clone()
			err := s.Grant("a", tt.to, tt.max)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil { // also of the same share: it has to be written
				before.Entries[0].Share, before.Grants = tt.to, before.Grants+1
			}
			if !s.Equal(before) {
				t.Errorf("got %+v, want %+v", s, before)
			}
		})
	}
}

func TestLower(t *testing.T) {
	tests := map[string]struct{ have, to, want int }{
		"to less":                             {5, 3, 3},
		"to nothing":                          {5, 0, 0},
		"to more, which is left to Grant":     {5, 7, 5},
		"to none, which is more":              {5, execution.NoShare, 5},
		"to a share, if a cap was introduced": {execution.NoShare, 3, 3},
		"not at all":                          {execution.NoShare, execution.NoShare, execution.NoShare},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, want := withShares(tt.have, 9), withShares(tt.want, 9)
			if err := s.Lower("a", tt.to); err != nil || !s.Equal(want) {
				t.Errorf("got %+v, %v, want %+v", s, err, want)
			}
		})
	}
	s := withShares(1)
	if err := s.Lower("b", 0); !errors.Is(err, ErrNoEntry) {
		t.Errorf("without an entry: got %v", err)
	}
}

func TestTheSumOfShares(t *testing.T) {
	tests := map[string]struct {
		state     State
		wantSum   int
		wantKnown bool
	}{
		"of none":                     {State{}, 0, true},
		"of several":                  {withShares(2, 5, 0), 7, true},
		"if one has none":             {withShares(2, execution.NoShare), 0, false},
		"if an entry cannot be read":  {State{Damaged: []string{"?"}}, 0, false},
		"if another one is read well": {State{Entries: withShares(2).Entries, Damaged: []string{"?"}}, 2, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if sum, known := tt.state.Shares(); sum != tt.wantSum || known != tt.wantKnown {
				t.Errorf("got %d, %t", sum, known)
			}
		})
	}
}

// withShares is a state with entries a, b and so on that have shares.
func withShares(shares ...int) (s State) {
	for i, share := range shares {
		uid := string(rune('a' + i))
		s.Entries = append(s.Entries, Entry{UID: uid, Name: uid, Definition: uid, ID: "20261124034200", Share: share})
	}
	return s
}
