package main

import (
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	all := []tier{{name: "unit"}, {name: "API"}, {name: "e2e"}}
	tests := map[string]struct {
		names []string
		want  []string
		says  string // what the error holds
	}{
		"all without an argument":       {want: []string{"unit", "API", "e2e"}},
		"those that are named":          {names: []string{"e2e", "unit"}, want: []string{"e2e", "unit"}},
		"a flag runs none, not all":     {names: []string{"-h"}, says: `"-h" is no tier`},
		"an unknown one, with a list":   {names: []string{"unit", "end"}, says: "of unit, API, e2e"},
		"names are as they are spelled": {names: []string{"api"}, says: `"api" is no tier`},
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
