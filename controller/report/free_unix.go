//go:build unix

package report

import (
	"fmt"
	"os"
	"syscall"
)

// freeBytes returns how many bytes an unprivileged user may still write to the file
// system of an open file.
func freeBytes(f *os.File) (int64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &stat); err != nil {
		return 0, fmt.Errorf("statfs: %w", err)
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil //nolint:gosec,unconvert // no file system has eight exbibytes, and the types differ between systems
}

// sizeBytes returns the size of the file system of an open file, without the part that
// is reserved for root.
func sizeBytes(f *os.File) (int64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &stat); err != nil {
		return 0, fmt.Errorf("statfs: %w", err)
	}
	return int64(stat.Blocks-stat.Bfree+uint64(stat.Bavail)) * int64(stat.Bsize), nil //nolint:gosec,unconvert // see above
}
