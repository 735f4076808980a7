package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestGroups(t *testing.T) {
	quick, slow := tier{name: "quick"}, tier{name: "slow", waits: true}
	tests := map[string]struct {
		tiers []tier
		want  string
	}{
		"none":                                 {nil, "[]"},
		"one that waits":                       {[]tier{slow}, "[1]"},
		"two that wait, after one that works":  {[]tier{quick, slow, slow}, "[1 2]"},
		"two that work":                        {[]tier{quick, quick}, "[1 1]"},
		"one that works between two that wait": {[]tier{slow, quick, slow}, "[1 1 1]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sizes := []int{}
			for _, group := range groups(tt.tiers) {
				sizes = append(sizes, len(group))
			}
			if got := fmt.Sprint(sizes); got != tt.want {
				t.Errorf("got groups of %s, want %s", got, tt.want)
			}
		})
	}
}

// Each tier waits until the other has begun, and their output is in order.
func TestSideBySide(t *testing.T) {
	began := map[string]chan struct{}{"a": make(chan struct{}), "b": make(chan struct{})}
	other := map[string]string{"a": "b", "b": "a"}
	var shown strings.Builder
	results := sideBySide([]tier{{name: "a"}, {name: "b"}}, &shown, func(t tier, out io.Writer) result {
		close(began[t.name])
		<-began[other[t.name]]
		fmt.Fprintln(out, "tier", t.name)
		return result{tier: t.name}
	})
	if len(results) != 2 || results[0].tier != "a" || results[1].tier != "b" {
		t.Errorf("results: got %+v, want those of a and b", results)
	}
	if got, want := shown.String(), "tier a\ntier b\n"; got != want {
		t.Errorf("shown: got %q, want %q", got, want)
	}
}
