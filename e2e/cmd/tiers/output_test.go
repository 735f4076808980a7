package main

import (
	"slices"
	"strings"
	"testing"
)

const recorded = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"--- PASS: TestGood (0.00s)\n"}
{"Action":"pass","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestBad","Output":"=== RUN   TestBad\n"}
{"Action":"output","Package":"p","Test":"TestBad","Output":"    x_test.go:3: it is 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestBad","Output":"--- FAIL: TestBad (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestBad"}
{"Action":"output","Package":"p","Test":"TestLater","Output":"=== RUN   TestLater\n"}
{"Action":"output","Package":"p","Test":"TestLater","Output":"    x_test.go:9: this machine lacks: a moon\n"}
{"Action":"output","Package":"p","Test":"TestLater","Output":"--- SKIP: TestLater (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestLater"}
something that a program wrote
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`

// A panic ends a package without the outcome of its tests.
func TestOutputOfTestsThatDidNotEnd(t *testing.T) {
	const panicked = `{"Action":"output","Package":"p","Test":"TestGone","Output":"panic: channel full\n"}
{"Action":"output","Package":"q","Test":"TestGone","Output":"another package\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`
	const once = "panic: channel full\n"
	for name, all := range map[string]bool{"what fails": false, "all of it": true} {
		t.Run(name, func(t *testing.T) {
			var shown strings.Builder
			if err := newOutput(&shown, all).read(strings.NewReader(panicked)); err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(shown.String(), once); got != 1 || strings.Contains(shown.String(), "another package") != all {
				t.Errorf("shown: got\n%s", shown.String())
			}
		})
	}
}

func TestOutput(t *testing.T) {
	const failure = "=== RUN   TestBad\n    x_test.go:3: it is 1, want 2\n--- FAIL: TestBad (0.00s)\n"
	const end = "something that a program wrote\nFAIL\tp\t0.1s\n"
	tests := map[string]struct {
		all  bool
		want string
	}{
		"what fails": {false, failure + end},
		"all of it": {true, "=== RUN   TestGood\n--- PASS: TestGood (0.00s)\n" + failure +
			"=== RUN   TestLater\n    x_test.go:9: this machine lacks: a moon\n--- SKIP: TestLater (0.00s)\n" + end},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var shown strings.Builder
			o := newOutput(&shown, tt.all)
			if err := o.read(strings.NewReader(recorded)); err != nil {
				t.Fatal(err)
			}
			if shown.String() != tt.want {
				t.Errorf("shown: got\n%swant\n%s", shown.String(), tt.want)
			}
			if want := []string{"TestLater: this machine lacks: a moon"}; !slices.Equal(o.skipped, want) {
				t.Errorf("skipped: got %q, want %q", o.skipped, want)
			}
		})
	}
}
