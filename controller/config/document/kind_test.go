package document

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKindOfAndShown(t *testing.T) {
	long := strings.Repeat("x", 65)
	tests := map[string]struct {
		value any
		kind  Kind
		shown any
	}{
		"nothing":              {nil, Null, nil},
		"a text":               {"a", Text, "a"},
		"a text of 64 letters": {long[:64], Text, long[:64]},
		"a longer text":        {long, Text, long[:61] + "…"},
		"a number":             {json.Number("1.5"), Number, json.Number("1.5")},
		"a bool":               {false, Bool, false},
		"a list":               {[]any{"a"}, List, []any{"a"}},
		"a long list":          {[]any{long}, List, `["` + long[:59] + "…"},
		"a mapping":            {map[string]any{"a": nil}, Mapping, map[string]any{"a": nil}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := KindOf(tt.value); got != tt.kind {
				t.Errorf("is %s, want %s", got, tt.kind)
			}
			if diff := cmp.Diff(tt.shown, Shown(tt.value)); diff != "" {
				t.Errorf("shown as (-want +got):\n%s", diff)
			}
		})
	}
}
