package main

import (
	"slices"
	"testing"
)

func TestParseList(t *testing.T) {
	out := `FuzzParseKey
FuzzRedact
ok  	example.com/route	0.010s
?   	example.com/empty	[no test files]
ok  	example.com/none	0.009s
FuzzRoute
ok  	example.com/callback	0.020s
`
	want := []target{{"example.com/route", "FuzzParseKey"}, {"example.com/route", "FuzzRedact"}, {"example.com/callback", "FuzzRoute"}}
	if got := parseList(out); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIsLate(t *testing.T) {
	for name, tt := range map[string]struct {
		out  string
		want bool
	}{
		"the time was over":  {"--- FAIL: FuzzX (10.02s)\n    context deadline exceeded\nFAIL\n", true},
		"an input was found": {"--- FAIL: FuzzX\n    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzX/1\nFAIL\n", false},
		"a seed fails":       {"--- FAIL: FuzzX (0.01s)\n    --- FAIL: FuzzX/seed#0\nFAIL\n", false},
	} {
		if got := isLate(tt.out); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
