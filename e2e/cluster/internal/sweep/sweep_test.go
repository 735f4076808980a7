package sweep

import (
	"os"
	"path/filepath"
	"testing"
)

func TestExcept(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"logs/a.log", "etcd/db"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Except(dir, "logs"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "logs", "a.log")); err != nil {
		t.Errorf("the excepted entry: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "etcd")); !os.IsNotExist(err) {
		t.Errorf("another entry: %v", err)
	}
}

func TestRemoveTreeRemovesOnlyDirectories(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cgroup")
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := removeTree(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("left: %v", err)
	}
	if err := removeTree(dir); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
}
