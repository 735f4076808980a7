package backoff_test

import (
	"slices"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
)

func TestPauses(t *testing.T) {
	const ms = time.Millisecond
	const first, last = 250 * ms, 1500 * ms
	drawn := func(all ...float64) backoff.Jitter {
		return func() float64 {
			draw := all[0]
			all = append(all[1:], draw)
			return draw
		}
	}
	tests := map[string]struct {
		jitter backoff.Jitter
		before func(*backoff.Backoff)
		want   []time.Duration
	}{
		"without jitter they double exactly, and stay at the last": {
			want: []time.Duration{250 * ms, 500 * ms, 1000 * ms, 1500 * ms, 1500 * ms},
		},
		"jitter shortens each by up to a fifth, and does not add up": {
			jitter: drawn(0.5, 0, 0.75),
			want:   []time.Duration{225 * ms, 500 * ms, 850 * ms, 1350 * ms, 1500 * ms},
		},
		"they begin again once a try succeeds": {
			before: func(b *backoff.Backoff) {
				for range 10 {
					b.Next()
				}
				b.Reset()
			},
			want: []time.Duration{250 * ms, 500 * ms},
		},
		"those that are too short are skipped": {
			before: func(b *backoff.Backoff) { b.AtLeast(600 * ms) },
			want:   []time.Duration{600 * ms, 1200 * ms, 1500 * ms, 1500 * ms},
		},
		"those that are long enough are not": {
			before: func(b *backoff.Backoff) {
				b.Next()
				b.AtLeast(100 * ms)
			},
			want: []time.Duration{500 * ms, 1000 * ms},
		},
		"the last is the last, even if it is too short": {
			before: func(b *backoff.Backoff) { b.AtLeast(2 * time.Second) },
			want:   []time.Duration{1500 * ms, 1500 * ms},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := backoff.New(first, last, tt.jitter)
			if tt.before != nil {
				tt.before(b)
			}
			var got []time.Duration
			for range tt.want {
				got = append(got, b.Next())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// A step may fail for days.
func TestPausesNeverEnd(t *testing.T) {
	b := backoff.New(time.Second, 15*time.Second, nil)
	for range 100_000 {
		b.Next()
	}
	if got := b.Next(); got != 15*time.Second {
		t.Errorf("got %s, want 15s", got)
	}
}
