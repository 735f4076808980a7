package memdisk

import (
	"slices"
	"syscall"
)

type file struct {
	disk *Disk
	node *node
	name string
}

// Write writes half of p if it fails.
func (f *file) Write(p []byte) (int, error) {
	err := f.disk.begin("write", f.name)
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err != nil {
		p = p[:len(p)/2]
	}
	if left := f.disk.Capacity - f.disk.used; f.disk.Capacity > 0 && int64(len(p)) > left {
		p, err = p[:max(left, 0)], syscall.ENOSPC
	}
	f.disk.used += int64(len(p))
	f.node.data = append(f.node.data, p...)
	f.node.changed = f.disk.now()
	return len(p), err
}

func (f *file) Sync() error {
	if err := f.disk.begin("sync", f.name); err != nil {
		return err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.node.synced = slices.Clone(f.node.data)
	return nil
}

func (f *file) Close() error { return f.disk.begin("close", f.name) }
