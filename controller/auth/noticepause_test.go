package auth

import (
	"strconv"
	"testing"
	"time"
)

func TestDenialsOfANodeAreReportedOnceAMinute(t *testing.T) {
	start := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	var p noticePauses
	for _, step := range []struct {
		node  string
		after time.Duration
		want  bool
	}{
		{"a", 0, true},
		{"a", noticePause - 1, false},
		{"b", noticePause - 1, true},
		{"a", noticePause, true},
		{"b", noticePause, false},
	} {
		if got := p.allow(step.node, start.Add(step.after)); got != step.want {
			t.Errorf("node %s after %s: got %t, want %t", step.node, step.after, got, step.want)
		}
	}
}

func TestNoticePausesAreBounded(t *testing.T) {
	var p noticePauses
	for i := range 3 * maxPauses {
		p.allow(strconv.Itoa(i), time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC))
	}
	if got := len(p.reported); got == 0 || got > maxPauses {
		t.Errorf("%d nodes are remembered, want at most %d", got, maxPauses)
	}
}
