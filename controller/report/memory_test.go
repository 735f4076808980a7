package report

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing/fstest"
)

var errPower = errors.New("the power is off")

// memoryDisk is a disk that keeps apart what it was told and what it would
// still know after the power went off.
type memoryDisk struct {
	mu   sync.Mutex
	root *node
	ops  int // operations so far

	failAt int   // the operation that fails; 0: none
	fault  error // how; after errPower everything fails
}

// node is a file, a link or a directory.
type node struct {
	mode            fs.FileMode
	data, synced    []byte
	entries, stable map[string]*node
}

func newMemoryDisk() *memoryDisk { return &memoryDisk{root: newDirectory()} }

func newDirectory() *node {
	return &node{mode: fs.ModeDir | directoryMode, entries: map[string]*node{}, stable: map[string]*node{}}
}

// survival says what of the things that were never synced is still there after
// a power failure.
type survival int

const (
	nothingUnsynced survival = iota
	onlyNames                // the renames, but not the content
	everything
)

// restart turns the power off and on.
func (d *memoryDisk) restart(s survival) {
	d.failAt, d.ops = 0, 0
	d.root.restart(s)
}

func (n *node) restart(s survival) {
	if s == nothingUnsynced {
		n.entries = maps.Clone(n.stable)
	}
	if s != everything {
		n.data = n.synced
	}
	n.stable, n.synced = maps.Clone(n.entries), n.data
	for _, child := range n.entries {
		child.restart(s)
	}
}

// step counts an operation and says whether it fails.
func (d *memoryDisk) step() error {
	d.ops++
	if d.failAt != 0 && (d.ops == d.failAt || (d.ops > d.failAt && errors.Is(d.fault, errPower))) {
		return d.fault
	}
	return nil
}

// at returns a directory and the name of something in it.
func (d *memoryDisk) at(name string) (*node, string, error) {
	dir, base := path.Split(name)
	if dir == "" {
		return d.root, base, nil
	}
	parent, ok := d.root.entries[strings.TrimSuffix(dir, "/")]
	if !ok {
		return nil, "", fs.ErrNotExist
	}
	return parent, base, nil
}

// add puts something new where nothing is.
func (d *memoryDisk) add(name string, n *node) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	parent, base, err := d.at(name)
	if err != nil {
		return err
	}
	if _, taken := parent.entries[base]; taken {
		return fs.ErrExist
	}
	parent.entries[base] = n
	return nil
}

func (d *memoryDisk) Create(name string) (file, error) {
	n := &node{mode: fileMode}
	if err := d.add(name, n); err != nil {
		return nil, err
	}
	return &memoryFile{disk: d, node: n}, nil
}

func (d *memoryDisk) Mkdir(name string) error { return d.add(name, newDirectory()) }

func (d *memoryDisk) Symlink(target, name string) error {
	return d.add(name, &node{mode: fs.ModeSymlink, data: []byte(target), synced: []byte(target)})
}

func (d *memoryDisk) Rename(oldName, newName string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	from, oldBase, err := d.at(oldName)
	if err != nil {
		return err
	}
	to, newBase, err := d.at(newName)
	if err != nil {
		return err
	}
	n, ok := from.entries[oldBase]
	if !ok {
		return fs.ErrNotExist
	}
	delete(from.entries, oldBase)
	to.entries[newBase] = n
	return nil
}

func (d *memoryDisk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	parent, base, err := d.at(name)
	if err != nil {
		return err
	}
	if _, ok := parent.entries[base]; !ok {
		return fs.ErrNotExist
	}
	delete(parent.entries, base)
	return nil
}

// RemoveAll takes one operation for each file, so that it can be interrupted.
func (d *memoryDisk) RemoveAll(name string) error {
	d.mu.Lock()
	dir, ok := d.root.entries[name]
	var files []string
	if ok {
		files = slices.Sorted(maps.Keys(dir.entries))
	}
	d.mu.Unlock()
	if !ok {
		return nil
	}
	for _, file := range files {
		if err := d.Remove(path.Join(name, file)); err != nil {
			return err
		}
	}
	return d.Remove(name)
}

func (d *memoryDisk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	dir := d.root
	if name != "." {
		dir = d.root.entries[name]
	}
	if dir == nil {
		return fs.ErrNotExist
	}
	dir.stable = maps.Clone(dir.entries)
	return nil
}

type memoryFile struct {
	disk *memoryDisk
	node *node
}

// Write fails half-way.
func (f *memoryFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	err := f.disk.step()
	if err != nil {
		p = p[:len(p)/2]
	}
	f.node.data = append(f.node.data, p...)
	return len(p), err
}

func (f *memoryFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.step(); err != nil {
		return err
	}
	f.node.synced = slices.Clone(f.node.data)
	return nil
}

func (f *memoryFile) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.disk.step()
}

func (d *memoryDisk) FS() fs.FS { return memoryView{d} }

// memoryView reads the disk as it is at the moment.
type memoryView struct{ disk *memoryDisk }

func (v memoryView) Open(name string) (fs.File, error)          { return v.now().Open(name) }
func (v memoryView) Lstat(name string) (fs.FileInfo, error)     { return v.now().Lstat(name) }
func (v memoryView) ReadLink(name string) (string, error)       { return v.now().ReadLink(name) }
func (v memoryView) ReadDir(name string) ([]fs.DirEntry, error) { return v.now().ReadDir(name) }

func (v memoryView) now() fstest.MapFS {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	all := fstest.MapFS{}
	v.disk.root.list(".", all)
	return all
}

func (n *node) list(name string, all fstest.MapFS) {
	all[name] = &fstest.MapFile{Mode: n.mode, Data: slices.Clone(n.data)}
	for base, child := range n.entries {
		child.list(path.Join(name, base), all)
	}
}
