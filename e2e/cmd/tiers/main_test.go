package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	all := []tier{{name: "unit"}, {name: "API"}, {name: "e2e"}}
	tests := map[string]struct {
		names []string
		want  []string
		says  string // what the error holds
	}{
		"all without an argument":     {want: []string{"unit", "API", "e2e"}},
		"the named ones":              {names: []string{"e2e", "unit"}, want: []string{"e2e", "unit"}},
		"a flag runs none, not all":   {names: []string{"-h"}, says: `"-h" is not a tier`},
		"an unknown one, with a list": {names: []string{"unit", "end"}, says: "one of unit, API, e2e"},
		"names are case-sensitive":    {names: []string{"api"}, says: `"api" is not a tier`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			chosen, err := choose(all, tt.names)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Fatalf("got %v, want %q in it", err, tt.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range chosen {
				got = append(got, c.name)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	var shown strings.Builder
	status := summary(&shown, []result{
		{tier: "unit", word: "passed", took: 61 * time.Second, tests: []string{"TestX: this machine lacks: a moon"}},
		{tier: "fuzz", word: "left out", detail: "unchanged since 1dde568; make fuzz runs it"},
		{tier: "release", word: "failed", took: 1600 * time.Millisecond, detail: "exit status 1"},
		{tier: "e2e", word: "skipped", detail: "this machine lacks: root"},
	}, 63*time.Second)
	const want = `
TIER       RESULT   TIME     DETAIL
unit       passed   1m1s
           skipped  TestX: this machine lacks: a moon
fuzz       left out          unchanged since 1dde568; make fuzz runs it
release    failed   2s       exit status 1
e2e        skipped           this machine lacks: root
all                 1m3s
tests skipped within the tiers: 1
tiers: 1 passed, 1 failed, 1 skipped, 1 left out
`
	if shown.String() != want {
		t.Errorf("got\n%s\nwant\n%s", shown.String(), want)
	}
	if status != 1 {
		t.Errorf("status: got %d, want 1: a tier failed", status)
	}
	if status := summary(&shown, []result{{word: "passed"}, {word: "left out"}, {word: "skipped"}}, 0); status != 0 {
		t.Errorf("status without a failure: got %d", status)
	}
}

// Each additional set of flags compiles all libraries once more.
func TestTiersShareWhatTheyBuild(t *testing.T) {
	for _, tier := range tiers() {
		if tier.covers != nil {
			if len(tier.whole) == 0 || tier.alone == "" {
				t.Errorf("%s: lacks the command that tests everything", tier.name)
			}
			continue
		}
		underRace := slices.Contains(tier.args, "-race")
		shipped := slices.Contains(tier.args, "-trimpath") && slices.Contains(tier.env, "CGO_ENABLED=0")
		if underRace == shipped {
			t.Errorf("%s: is built with %v, %v, want either -race or the flags of the image", tier.name, tier.env, tier.args)
		}
	}
}
