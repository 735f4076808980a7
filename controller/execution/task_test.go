package execution

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestTruncate(t *testing.T) {
	cases := map[string]struct {
		text string
		n    int

		want string
	}{
		"short enough":                   {text: "abc", n: 3, want: "abc"},
		"one too many":                   {text: "abcd", n: 3, want: "…"},
		"room for one and the ellipsis":  {text: "abcde", n: 4, want: "a…"},
		"nothing":                        {text: "", n: 0, want: ""},
		"to nothing":                     {text: "abc", n: 0, want: ""},
		"no room for the ellipsis":       {text: "abc", n: 2, want: "ab"},
		"no room, in the middle of one":  {text: "äöü", n: 1, want: ""},
		"between two characters":         {text: "ääää", n: 7, want: "ää…"},
		"in the middle of a character":   {text: "ääää", n: 6, want: "ä…"},
		"in the middle of four bytes":    {text: "😀😀😀", n: 10, want: "😀…"},
		"bytes that are not text at all": {text: "\x80\x80\x80\x80\x80", n: 4, want: "…"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Truncate(tc.text, tc.n); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzTruncate(f *testing.F) {
	f.Add("", 0)
	f.Add("abcd", 2)
	f.Add("ääää", 6)
	f.Add("\x80\x80\x80", 1)
	f.Add(strings.Repeat("😀", 200), MaxMessage)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 0 {
			return
		}
		got := Truncate(text, n)
		if len(got) > n {
			t.Errorf("%d bytes, want at most %d", len(got), n)
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q is no text", got)
		}
		if !strings.HasPrefix(text, strings.TrimSuffix(got, "…")) {
			t.Errorf("%q does not begin like %q", got, text)
		}
	})
}

func TestStateFinal(t *testing.T) {
	for state, want := range map[State]bool{
		Pending: false, Running: false, Unreported: false, "": false, "done": false,
		Succeeded: true, Failed: true, Skipped: true, Lost: true,
	} {
		if state.Final() != want {
			t.Errorf("%q: Final is %t", state, state.Final())
		}
	}
}

func TestTaskDuration(t *testing.T) {
	start := at("2026-03-04T05:00:00Z")
	cases := map[string]struct {
		started, finished time.Time
		want              time.Duration
	}{
		"a task that ran":                 {started: start, finished: start.Add(90 * time.Second), want: 90 * time.Second},
		"a task that never started":       {finished: start},
		"a task that still runs":          {started: start},
		"a node's clock that ran ahead":   {started: start.Add(time.Second), finished: start},
		"a task that ended as it started": {started: start, finished: start},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			task := Task{Started: tc.started, Finished: tc.finished}
			if got := task.Duration(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestInvalidError(t *testing.T) {
	cases := map[string]struct {
		err  InvalidError
		want string
	}{
		"of a part":    {err: InvalidError{Path: "test[3].value", Message: "must be a number"}, want: "test[3].value: must be a number"},
		"of the whole": {err: InvalidError{Message: "must be an object"}, want: "must be an object"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := tc.err.Error(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
