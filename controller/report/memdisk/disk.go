package memdisk

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrPower is the fault after which every operation fails until Restart.
var ErrPower = errors.New("the power is off")

// Op is an operation that may fail.
type Op struct {
	N    int    // counted from 1
	Kind string // create, mkdir, symlink, link, rename, remove, write, sync, close or syncdir
	Name string // of the file or directory; for link and rename the new name
}

// Disk is a disk. It is safe for concurrent use; its fields are set before its first
// use.
type Disk struct {
	// Fault returns the error of an operation, or nil. It may block.
	Fault func(Op) error
	// Capacity is how many bytes all files may have; 0: no limit.
	Capacity int64
	// Now is the clock of modification times; nil: time.Now.
	Now func() time.Time

	mu   sync.Mutex
	root *node
	ops  int
	used int64
	off  bool
}

// File is a file being written.
type File = interface {
	io.WriteCloser
	Sync() error
}

// node is a file, a link or a directory.
type node struct {
	others          int // number of its names, less one
	mode            fs.FileMode
	changed         time.Time
	data, synced    []byte
	entries, stable map[string]*node
}

const (
	fileMode      fs.FileMode = 0o640
	directoryMode             = fs.ModeDir | 0o750
)

// New returns an empty disk.
func New() *Disk { return &Disk{root: newDirectory()} }

func newDirectory() *node {
	return &node{mode: directoryMode, entries: map[string]*node{}, stable: map[string]*node{}}
}

// Ops returns how many operations there have been since the last restart.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// FailAt returns a fault for the n-th operation only, or for all from the n-th on if it
// is ErrPower.
func FailAt(n int, fault error) func(Op) error {
	return func(op Op) error {
		if op.N == n {
			return fault
		}
		return nil
	}
}

// begin counts an operation and returns its fault.
func (d *Disk) begin(kind, name string) error {
	d.mu.Lock()
	d.ops++
	op := Op{N: d.ops, Kind: kind, Name: name}
	off := d.off
	d.mu.Unlock()
	if off {
		return ErrPower
	}
	if d.Fault == nil {
		return nil
	}
	err := d.Fault(op)
	if errors.Is(err, ErrPower) {
		d.mu.Lock()
		d.off = true
		d.mu.Unlock()
	}
	return err
}

func (d *Disk) now() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now()
}

// entry is a name in a directory. It may have no node.
type entry struct {
	dir  *node
	base string
}

func (e entry) node() *node { return e.dir.entries[e.base] }

// at returns the entry of a name.
func (d *Disk) at(name string) (entry, error) {
	dir, base := path.Split(name)
	if dir == "" {
		return entry{d.root, base}, nil
	}
	parent, ok := d.root.entries[strings.TrimSuffix(dir, "/")]
	if !ok {
		return entry{}, fs.ErrNotExist
	}
	return entry{parent, base}, nil
}

// add adds a node under a name that must not exist.
func (d *Disk) add(kind, name string, n *node) error {
	if err := d.begin(kind, name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at, err := d.at(name)
	if err != nil {
		return err
	}
	if at.node() != nil {
		return fs.ErrExist
	}
	n.changed = d.now()
	at.dir.entries[at.base] = n
	return nil
}

// Create creates a file, which must not exist.
func (d *Disk) Create(name string) (File, error) {
	n := &node{mode: fileMode}
	if err := d.add("create", name, n); err != nil {
		return nil, err
	}
	return &file{disk: d, node: n, name: name}, nil
}

// Mkdir creates a directory.
func (d *Disk) Mkdir(name string) error { return d.add("mkdir", name, newDirectory()) }

// Symlink creates a link.
func (d *Disk) Symlink(target, name string) error {
	return d.add("symlink", name, &node{mode: fs.ModeSymlink | 0o777, data: []byte(target), synced: []byte(target)})
}

// Link gives a file a second name, which must not exist.
func (d *Disk) Link(oldName, newName string) error {
	return d.rename("link", oldName, newName, func(n *node, _, to entry) error {
		if to.node() != nil {
			return fs.ErrExist
		}
		n.others++
		to.dir.entries[to.base] = n
		return nil
	})
}

// Rename replaces newName atomically.
func (d *Disk) Rename(oldName, newName string) error {
	return d.rename("rename", oldName, newName, func(n *node, from, to entry) error {
		if replaced := to.node(); replaced != nil {
			d.forget(replaced)
		}
		delete(from.dir.entries, from.base)
		to.dir.entries[to.base] = n
		return nil
	})
}

// rename calls f with the node of a name, and the entries of its old and its new name.
func (d *Disk) rename(kind, oldName, newName string, f func(n *node, from, to entry) error) error {
	if err := d.begin(kind, newName); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	from, err := d.at(oldName)
	if err != nil {
		return err
	}
	to, err := d.at(newName)
	if err != nil {
		return err
	}
	n := from.node()
	if n == nil {
		return fs.ErrNotExist
	}
	return f(n, from, to)
}

// Remove removes a file, a link or an empty directory.
func (d *Disk) Remove(name string) error {
	if err := d.begin("remove", name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at, err := d.at(name)
	if err != nil {
		return err
	}
	n := at.node()
	if n == nil {
		return fs.ErrNotExist
	}
	d.forget(n)
	delete(at.dir.entries, at.base)
	return nil
}

// RemoveAll takes one operation for each file, so that it can be interrupted.
func (d *Disk) RemoveAll(name string) error {
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

// SyncDir makes the names in a directory durable.
func (d *Disk) SyncDir(name string) error {
	if err := d.begin("syncdir", name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
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

// Free returns how many bytes may still be written.
func (d *Disk) Free() (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Capacity == 0 {
		return 1 << 60, nil
	}
	return d.Capacity - d.used, nil
}

// Size returns the capacity in bytes.
func (d *Disk) Size() (int64, error) { return cmp.Or(d.Capacity, 1<<60), nil }
