package testkit

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Golden compares an object, as indented JSON, with a file of testdata, or writes the file.
func Golden(t *testing.T, update bool, file string, object any) {
	t.Helper()
	got, err := json.MarshalIndent(object, "", "  ")
	Must(t, err)
	got = append(got, '\n')
	file = "testdata/" + file
	if update {
		Must(t, os.WriteFile(file, got, 0o600))
	}
	want, err := os.ReadFile(file)
	Must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
