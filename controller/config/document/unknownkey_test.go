package document

import (
	"strings"
	"testing"
)

func TestUnknownKey(t *testing.T) {
	few, many := []string{"port", "prefix", "gauges"}, []string{"alpha", "bravo", "charlie", "delta", "echo", "foxtrot"}
	tests := map[string]struct {
		name  string
		known []string
		want  string
	}{
		"a letter too few":             {"chalie", many, `unknown key: did you mean "charlie"?`},
		"a letter too many":            {"prefixx", few, `unknown key: did you mean "prefix"?`},
		"other capitals":               {"ECHO", many, `unknown key: did you mean "echo"?`},
		"the nearest of two":           {"aa", []string{"aab", "aabb"}, `unknown key: did you mean "aab"?`},
		"none of a few":                {"something", few, "unknown key: must be one of gauges, port, prefix"},
		"none of many":                 {"something", many, "unknown key"},
		"where there is none":          {"something", nil, "unknown key"},
		"a name as long as a document": {strings.Repeat("x", MaxSize), many, "unknown key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := UnknownKey(tt.name, tt.known); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
