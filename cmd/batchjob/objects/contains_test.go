package objects

import (
	"testing"

	"sigs.k8s.io/yaml"
)

func TestContains(t *testing.T) {
	const wanted = `
metadata: {name: a, annotations: {version: v1}}
spec:
  names: {kind: A, shortNames: [a]}
  versions: [{name: v1, served: true, schema: {maximum: 5}}]
`
	tests := map[string]struct {
		live string
		want bool
	}{
		"the same": {live: wanted, want: true},
		"with what the API server adds": {want: true, live: `
metadata: {name: a, uid: u, annotations: {version: v1, another: x}}
spec:
  names: {kind: A, listKind: AList, shortNames: [a]}
  versions: [{name: v1, served: true, schema: {maximum: 5}, storage: false}]
  conversion: {strategy: None}
status: {}
`},
		"another value":         {live: `{metadata: {name: a, annotations: {version: v0}}, spec: {names: {kind: A, shortNames: [a]}, versions: [{name: v1, served: true, schema: {maximum: 5}}]}}`},
		"another value inside":  {live: `{metadata: {name: a, annotations: {version: v1}}, spec: {names: {kind: A, shortNames: [a]}, versions: [{name: v1, served: true, schema: {maximum: 6}}]}}`},
		"a field is missing":    {live: `{metadata: {name: a, annotations: {version: v1}}, spec: {names: {kind: A, shortNames: [a]}, versions: [{name: v1, schema: {maximum: 5}}]}}`},
		"an item too many":      {live: `{metadata: {name: a, annotations: {version: v1}}, spec: {names: {kind: A, shortNames: [a, b]}, versions: [{name: v1, served: true, schema: {maximum: 5}}]}}`},
		"a map instead of list": {live: `{metadata: {name: a, annotations: {version: v1}}, spec: {names: {kind: A, shortNames: [a]}, versions: {}}}`},
		"a text instead of map": {live: `{metadata: {name: a, annotations: {version: v1}}, spec: x}`},
		"nothing":               {live: `{}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var w, l map[string]any
			for into, text := range map[*map[string]any]string{&w: wanted, &l: tt.live} {
				if err := yaml.Unmarshal([]byte(text), into); err != nil {
					t.Fatal(err)
				}
			}
			if got := contains(l, w); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
