package programs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestToolsDigestFollowsSources(t *testing.T) {
	dir := t.TempDir()
	write := func(tool, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, tool), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, tool, "go.mod"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sum := func() string {
		t.Helper()
		s, err := toolsDigest(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	write("kube", "module a\n")
	before := sum()
	if again := sum(); again != before {
		t.Errorf("digests of the same sources: %s and %s", before, again)
	}
	write("crd", "module c\n")
	if after := sum(); after != before {
		t.Error("digest changes though the tool is none of the cluster's")
	}
	write("kube", "module b\n")
	if after := sum(); after == before {
		t.Error("a changed source has the same digest")
	}
}
