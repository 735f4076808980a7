package auth

import (
	"strconv"
	"testing"
	"time"
)

func TestDenialsOfANodeAreReportedOnceAMinute(t *testing.T) {
	start := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	var n deniedNotices
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
		if got := n.note(step.node, start.Add(step.after)); got != step.want {
			t.Errorf("node %s after %s: got %t, want %t", step.node, step.after, got, step.want)
		}
	}
}

func TestDeniedNoticesAreBounded(t *testing.T) {
	var n deniedNotices
	for i := range 3 * maxNotices {
		n.note(strconv.Itoa(i), time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC))
	}
	if got := len(n.told); got == 0 || got > maxNotices {
		t.Errorf("%d nodes are remembered, want at most %d", got, maxNotices)
	}
}
