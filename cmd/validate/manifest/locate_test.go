package manifest

import "testing"

func TestLocate(t *testing.T) {
	const text = `a: 1
b:
  c: [x, y]
  "d.e": 2
  f[0]: 3
list:
  - name: one
  - name: two
    more: &anchor
      deep: 4
again: *anchor
twice: 1
twice: 2
`
	tests := map[string]struct {
		path string
		want int
	}{
		"a key":                           {"a", 1},
		"a key of a key":                  {"b.c", 3},
		"a key in brackets":               {"b[c]", 3},
		"an entry of a list":              {"list[1]", 8},
		"a key of an entry":               {"list[1].more", 9},
		"a list within a line":            {"b.c[1]", 3},
		"a key with a dot":                {"b.d.e", 4},
		"a key with brackets":             {"b.f[0]", 5},
		"the target of an alias":          {"again.deep", 10},
		"the second of two":               {"twice", 13},
		"what is not there":               {"nothing", 0},
		"what is not there in a mapping":  {"b.nothing", 2},
		"what is not there in a list":     {"list[7].name", 6},
		"what would be below a scalar":    {"a.b.c", 1},
		"a key that only begins the same": {"li", 0},
		"nothing":                         {"", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Locate(Parse(text), tt.path); got != tt.want {
				t.Errorf("%s: got line %d, want %d", tt.path, got, tt.want)
			}
		})
	}
	if got := Locate(Parse("["), "a"); got != 0 {
		t.Errorf("of no document: got line %d", got)
	}
}
