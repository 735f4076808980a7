package main

import (
	"io/fs"
	"path"

	"github.com/batch-job-controller/batch-job-controller/controller/report"
)

// disk reports every operation that changes something to the fuse. The target of a link or a
// rename is the new name.
type disk struct {
	report.Disk
	fuse *fuse
}

func (d *disk) around(what, name string, do func() error) error {
	d.fuse.at(before, what, name)
	err := do()
	if err == nil {
		d.fuse.at(after, what, name)
	}
	return err
}

// Create implements report.Disk.
func (d *disk) Create(name string) (f report.File, err error) {
	err = d.around("create", name, func() error {
		f, err = d.Disk.Create(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &file{File: f, name: name, disk: d}, nil
}

// Mkdir implements report.Disk.
func (d *disk) Mkdir(name string) error {
	return d.around("mkdir", name, func() error { return d.Disk.Mkdir(name) })
}

// Symlink implements report.Disk.
func (d *disk) Symlink(target, name string) error {
	return d.around("symlink", name, func() error { return d.Disk.Symlink(target, name) })
}

// Link implements report.Disk.
func (d *disk) Link(oldName, newName string) error {
	return d.around("link", newName, func() error { return d.Disk.Link(oldName, newName) })
}

// Rename implements report.Disk.
func (d *disk) Rename(oldName, newName string) error {
	return d.around("rename", newName, func() error { return d.Disk.Rename(oldName, newName) })
}

// Remove implements report.Disk.
func (d *disk) Remove(name string) error {
	return d.around("remove", name, func() error { return d.Disk.Remove(name) })
}

// RemoveAll implements report.Disk. It removes one half of a directory first.
func (d *disk) RemoveAll(name string) error {
	return d.around("removeall", name, func() error {
		entries, err := fs.ReadDir(d.FS(), name)
		for _, entry := range entries[:len(entries)/2] {
			if err := d.Disk.RemoveAll(path.Join(name, entry.Name())); err != nil {
				return err
			}
		}
		if err == nil {
			d.fuse.at(during, "removeall", name)
		}
		return d.Disk.RemoveAll(name)
	})
}

// SyncDir implements report.Disk.
func (d *disk) SyncDir(name string) error {
	return d.around("syncdir", name, func() error { return d.Disk.SyncDir(name) })
}

type file struct {
	report.File
	name string
	disk *disk
}

// Write implements io.Writer. It writes one half first.
func (f *file) Write(p []byte) (n int, err error) {
	err = f.disk.around("write", f.name, func() error {
		half := len(p) / 2
		n, err = f.File.Write(p[:half])
		if err != nil {
			return err
		}
		f.disk.fuse.at(during, "write", f.name)
		more, err := f.File.Write(p[half:])
		n += more
		return err
	})
	return n, err
}

// Sync implements report.File.
func (f *file) Sync() error {
	return f.disk.around("sync", f.name, f.File.Sync)
}
