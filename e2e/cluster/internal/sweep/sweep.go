package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const cgroupMount = "/sys/fs/cgroup"

// Cgroups removes the cgroup and all cgroups below it, in every hierarchy.
func Cgroups(root string) error {
	paths, err := cgroupPaths(root)
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range paths {
		// The kernel may still be removing the last processes from the cgroup.
		errs = append(errs, retry(func() error { return removeTree(path) }))
		// The parent is shared: it remains while another cluster has a child in it.
		_ = os.Remove(filepath.Dir(path))
	}
	return errors.Join(errs...)
}

// cgroupPaths returns the paths of the cgroup in the unified hierarchy, or in each one of v1.
func cgroupPaths(root string) ([]string, error) {
	hierarchies, err := filepath.Glob(cgroupMount + "/*")
	if err != nil {
		return nil, fmt.Errorf("list cgroup hierarchies: %w", err)
	}
	var paths []string
	for _, hierarchy := range append(hierarchies, cgroupMount) {
		path := filepath.Join(hierarchy, root)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// removeTree removes only directories: the files in a cgroup belong to the kernel.
func removeTree(root string) error {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list cgroup: %w", err)
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		if err := os.Remove(dirs[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove cgroup: %w", err)
		}
	}
	return nil
}

// Dir removes a directory tree to which a dying process may still write.
func Dir(path string) error {
	return retry(func() error { return os.RemoveAll(path) })
}

// Except removes everything in a directory except one entry.
func Except(dir, keep string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	var errs []error
	for _, entry := range entries {
		if entry.Name() != keep {
			errs = append(errs, Dir(filepath.Join(dir, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

func retry(f func() error) error {
	var err error
	for wait := 5 * time.Millisecond; wait < 4*time.Second; wait *= 2 {
		if err = f(); err == nil {
			return nil
		}
		time.Sleep(wait)
	}
	return err
}
