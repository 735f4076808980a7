package simulation

import (
	"errors"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
)

// processDisk is the disk as one process sees it.
type processDisk struct {
	*memdisk.Disk
	process *process
}

var _ report.Disk = processDisk{}

// Create implements report.Disk.
func (d processDisk) Create(name string) (report.File, error) {
	l := d.process.luck(request{verb: "open", name: path.Dir(name)})
	var file report.File
	err := d.process.operate("create", name, l, func() (err error) {
		file, err = d.Disk.Create(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &processFile{File: file, process: d.process, name: name, luck: l}, nil
}

// Mkdir implements report.Disk.
func (d processDisk) Mkdir(name string) error {
	return d.atOnce("mkdir", name, func() error { return d.Disk.Mkdir(name) })
}

// Symlink implements report.Disk.
func (d processDisk) Symlink(target, name string) error {
	return d.atOnce("symlink", name, func() error { return d.Disk.Symlink(target, name) })
}

// Link implements report.Disk.
func (d processDisk) Link(oldName, newName string) error {
	l := d.process.luck(request{verb: "link", name: newName})
	return d.process.operate("link", newName, l, func() error { return d.Disk.Link(oldName, newName) })
}

// Rename implements report.Disk.
func (d processDisk) Rename(oldName, newName string) error {
	rename := func() error { return d.Disk.Rename(oldName, newName) }
	if path.Dir(newName) == "." {
		return d.atOnce("rename", newName, rename)
	}
	return d.process.operate("rename", newName, d.process.luck(request{verb: "rename", name: newName}), rename)
}

// Remove implements report.Disk.
func (d processDisk) Remove(name string) error {
	return d.atOnce("remove", name, func() error { return d.Disk.Remove(name) })
}

// RemoveAll implements report.Disk.
func (d processDisk) RemoveAll(name string) error {
	return d.atOnce("removeall", name, func() error { return d.Disk.RemoveAll(name) })
}

// SyncDir implements report.Disk.
func (d processDisk) SyncDir(name string) error {
	l := d.process.luck(request{verb: "syncdir", name: name})
	return d.process.operate("syncdir", name, l, func() error { return d.Disk.SyncDir(name) })
}

// atOnce performs an operation during which the store holds a mutex. The operation takes no
// time: the clock of the bubble would stop while another goroutine waits for the mutex.
func (d processDisk) atOnce(verb, name string, do func() error) error {
	l := d.process.luck(request{verb: verb, name: stable(name)})
	d.process.world.mu.Lock()
	defer d.process.world.mu.Unlock()
	return d.process.touch(verb, name, l, do)
}

type processFile struct {
	report.File
	process *process
	name    string
	luck    luck
}

func (f *processFile) Write(data []byte) (n int, err error) {
	err = f.process.operate("write", f.name, f.luck.next(), func() (err error) {
		n, err = f.File.Write(data)
		return err
	})
	return n, err
}

func (f *processFile) Sync() error {
	return f.process.operate("fsync", f.name, f.luck.next().next(), f.File.Sync)
}

func (f *processFile) Close() error { return f.File.Close() }

// operate performs an operation that takes time.
func (p *process) operate(verb, name string, l luck, do func() error) error {
	l = roll(uint64(l), 0, verb)
	if err := p.awake(l); err != nil {
		return err
	}
	if err := p.rest(l.between(20*time.Microsecond, 2*time.Millisecond)); err != nil {
		return err
	}
	if err := p.awake(l.next()); err != nil {
		return err
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	return p.touch(verb, name, l, do)
}

// touch performs an operation, or lets it fail. The caller holds the world's lock.
func (p *process) touch(verb, name string, l luck, do func() error) error {
	w := p.world
	if p.dead {
		return errKilled
	}
	crash := w.crashes(p, false, l)
	if crash == crashBefore {
		w.kill(p, "before "+verb+" "+stable(name))
		return errKilled
	}
	l = roll(uint64(l), 1, "disk")
	if w.stormy() && l.chance(w.scenario.diskFails) {
		w.note(p.name, verb, stable(name), "the disk failed")
		if l.next().chance(0.5) {
			return syscall.ENOSPC
		}
		return syscall.EIO
	}
	err := do()
	if crash == crashAfter && err == nil {
		w.kill(p, "after "+verb+" "+stable(name))
		return errKilled
	}
	if err != nil && !errors.Is(err, errKilled) {
		w.note(p.name, verb, stable(name), err.Error())
	} else {
		w.note(p.name, verb, stable(name), "")
	}
	return err
}

// stable removes the random part of the name of a temporary file.
func stable(name string) string {
	dir, base := path.Split(name)
	if strings.HasPrefix(base, ".tmp-") {
		return dir + ".tmp"
	}
	return name
}
