package supervisor

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const cgroupMount = "/sys/fs/cgroup"

// makeCgroup creates a cgroup in every hierarchy, ready for children: the kubelet requires
// its root cgroup to exist.
func makeCgroup(path string) error {
	if _, err := os.Stat(filepath.Join(cgroupMount, "cgroup.controllers")); err == nil {
		return makeUnified(path)
	}
	hierarchies, err := filepath.Glob(cgroupMount + "/*/cgroup.procs")
	if err != nil {
		return fmt.Errorf("list cgroup hierarchies: %w", err)
	}
	for _, file := range hierarchies {
		hierarchy := filepath.Dir(file)
		for _, dir := range ancestors(path) {
			if err := os.MkdirAll(filepath.Join(hierarchy, dir), 0o755); err != nil {
				return fmt.Errorf("create cgroup: %w", err)
			}
			if err := inheritCpuset(filepath.Join(hierarchy, dir)); err != nil {
				return err
			}
		}
	}
	return nil
}

// inheritCpuset copies the cpuset of the parent: a new v1 cpuset is empty, and therefore
// unusable.
func inheritCpuset(dir string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		own, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(bytes.TrimSpace(own)) > 0 {
			continue // another hierarchy, or not empty
		}
		value, err := os.ReadFile(filepath.Join(filepath.Dir(dir), name))
		if err != nil {
			return fmt.Errorf("read parent's cpuset: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), value, 0o644); err != nil {
			return fmt.Errorf("fill cpuset: %w", err)
		}
	}
	return nil
}

// makeUnified creates the cgroup on a v2 host, and enables every controller for it.
func makeUnified(path string) error {
	data, err := os.ReadFile(filepath.Join(cgroupMount, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("list controllers: %w", err)
	}
	controllers := "+" + strings.Join(strings.Fields(string(data)), " +")
	for _, dir := range append([]string{"/"}, ancestors(path)...) {
		full := filepath.Join(cgroupMount, dir)
		if err := os.MkdirAll(full, 0o755); err != nil {
			return fmt.Errorf("create cgroup: %w", err)
		}
		if err := os.WriteFile(filepath.Join(full, "cgroup.subtree_control"), []byte(controllers), 0o644); err != nil {
			return fmt.Errorf("enable controllers below %s: %w", full, err)
		}
	}
	return nil
}

// ancestors returns /a and /a/b for /a/b.
func ancestors(path string) []string {
	var dirs []string
	for dir := path; dir != "/"; dir = filepath.Dir(dir) {
		dirs = append([]string{dir}, dirs...)
	}
	return dirs
}
