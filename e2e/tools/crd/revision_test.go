package main

import "testing"

func TestRevision(t *testing.T) {
	const columns = "spec: {columns: [a]}"
	with := func(revision, spec string) string {
		return "metadata: {annotations: {" + revisionAnnotation + ": '" + revision + "'}}\n" + spec
	}
	tests := map[string]struct {
		before  string
		want    string
		wantErr bool
	}{
		"there was none":               {want: "1"},
		"the one before has none":      {before: "metadata: {annotations: {other: x}}\nspec: {columns: [b]}", want: "1"},
		"nothing has changed":          {before: with("7", columns), want: "7"},
		"the spec has changed":         {before: with("7", "spec: {columns: [a, b]}"), want: "8"},
		"the one before has no number": {before: with("new", columns), wantErr: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			definition := read(t, "metadata: {annotations: {controller-gen: x}}\n"+columns)
			var before object
			if test.before != "" {
				before = read(t, test.before)
			}
			if err := revise(definition, before); (err != nil) != test.wantErr {
				t.Fatalf("got %v", err)
			}
			if got, _ := annotationsOf(definition)[revisionAnnotation].(string); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
