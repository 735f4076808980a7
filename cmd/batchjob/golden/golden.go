package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Main runs the tests of a package, with the flag -update. It is the body of TestMain.
func Main(m *testing.M) {
	flag.Bool("update", false, "rewrite the golden files")
	os.Exit(m.Run())
}

// Check compares a text with testdata/<name>.golden.txt.
func Check(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name+".golden.txt")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s, which -update rewrites (-want +got):\n%s", golden, diff)
	}
}
