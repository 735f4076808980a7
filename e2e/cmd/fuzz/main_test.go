package main

import (
	"slices"
	"testing"
)

func TestList(t *testing.T) {
	targets, err := list(t.Context(), []string{"../../../controller/route", "."})
	if err != nil {
		t.Fatal(err)
	}
	const route = "github.com/batch-job-controller/batch-job-controller/controller/route"
	if !slices.Contains(targets, target{pkg: route, name: "FuzzRedact"}) {
		t.Errorf("got %v, want FuzzRedact of %s among them", targets, route)
	}
	for _, got := range targets {
		if got.pkg != route {
			t.Errorf("got %s, want those of %s alone", got, route)
		}
	}
}

func TestTargetsIn(t *testing.T) {
	text := "package p\n\n// FuzzNot is none.\nfunc FuzzA(f *testing.F) {\n\tfunc() {}()\n}\n\nfunc FuzzB(f *testing.F) {}\n\nfunc TestFuzzC(t *testing.T) {}\n"
	if got, want := targetsIn(text), []string{"FuzzA", "FuzzB"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTimeIsOver(t *testing.T) {
	const before = "fuzz: elapsed: 10s, execs: 5 (0/sec), new interesting: 0 (total: 1)\n"
	for name, tt := range map[string]struct {
		out  string
		want bool
	}{
		"the time was over":             {before + "--- FAIL: FuzzX (10.02s)\n    context deadline exceeded\nFAIL\nexit status 1\nFAIL\tp\t10.03s\nFAIL\n", true},
		"an input was found":            {before + "--- FAIL: FuzzX (9.50s)\n    --- FAIL: FuzzX (0.00s)\n        x_test.go:3: bad\n    \n    Failing input written to testdata/fuzz/FuzzX/1\nFAIL\n", false},
		"an input was found at the end": {before + "--- FAIL: FuzzX (10.02s)\n    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzX/1\nFAIL\n", false},
		"a seed fails":                  {"--- FAIL: FuzzX (0.01s)\n    --- FAIL: FuzzX/seed#0 (0.00s)\n        x_test.go:3: context deadline exceeded\nFAIL\n", false},
		"it does not build":             {"FAIL\tp [build failed]\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			output, over := timeIsOver(tt.out)
			if over != tt.want || (over && output != before+"the time is over\n") {
				t.Errorf("got %q, %t", output, over)
			}
		})
	}
}
