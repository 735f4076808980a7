package memdisk

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// FS reads the current state of the disk. It follows links, which are relative and
// point to top-level directories.
func (d *Disk) FS() fs.FS { return view{d} }

type view struct{ disk *Disk }

var (
	_ fs.ReadDirFS  = view{}
	_ fs.StatFS     = view{}
	_ fs.ReadFileFS = view{}
	_ fs.ReadLinkFS = view{}
)

// find returns the node of a name, or the target of a link if follow is set. The caller
// holds the lock.
func (v view) find(operation, name string, follow bool) (*node, error) {
	missing := &fs.PathError{Op: operation, Path: name, Err: fs.ErrNotExist}
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: operation, Path: name, Err: fs.ErrInvalid}
	}
	n := v.disk.root
	if name == "." {
		return n, nil
	}
	parts := strings.Split(name, "/")
	for i, part := range parts {
		n = n.entries[part]
		if n != nil && n.mode&fs.ModeSymlink != 0 && (follow || i < len(parts)-1) {
			n = v.disk.root.entries[string(n.data)]
		}
		if n == nil {
			return nil, missing
		}
	}
	return n, nil
}

func (v view) Open(name string) (fs.File, error) {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	n, err := v.find("open", name, true)
	if err != nil {
		return nil, err
	}
	return &openFile{info: infoOf(name, n), Reader: bytes.NewReader(n.data), entries: n.list()}, nil
}

func (v view) ReadFile(name string) ([]byte, error) {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	n, err := v.find("read", name, true)
	if err != nil {
		return nil, err
	}
	return slices.Clone(n.data), nil
}

func (v view) ReadDir(name string) ([]fs.DirEntry, error) {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	n, err := v.find("readdir", name, true)
	if err != nil {
		return nil, err
	}
	return n.list(), nil
}

func (v view) Stat(name string) (fs.FileInfo, error)  { return v.info("stat", name, true) }
func (v view) Lstat(name string) (fs.FileInfo, error) { return v.info("lstat", name, false) }

func (v view) info(operation, name string, follow bool) (fs.FileInfo, error) {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	n, err := v.find(operation, name, follow)
	if err != nil {
		return nil, err
	}
	return infoOf(name, n), nil
}

func (v view) ReadLink(name string) (string, error) {
	v.disk.mu.Lock()
	defer v.disk.mu.Unlock()
	n, err := v.find("readlink", name, false)
	if err != nil {
		return "", err
	}
	if n.mode&fs.ModeSymlink == 0 {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return string(n.data), nil
}

func (n *node) list() []fs.DirEntry {
	entries := make([]fs.DirEntry, 0, len(n.entries))
	for _, base := range slices.Sorted(maps.Keys(n.entries)) {
		entries = append(entries, fs.FileInfoToDirEntry(infoOf(base, n.entries[base])))
	}
	return entries
}

// info is the state of a node at a moment.
type info struct {
	name    string
	mode    fs.FileMode
	size    int64
	changed time.Time
}

func infoOf(name string, n *node) info {
	return info{name: path.Base(name), mode: n.mode, size: int64(len(n.data)), changed: n.changed}
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return i.changed }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }

// openFile is the state of a file or directory when it was opened.
type openFile struct {
	*bytes.Reader
	info    info
	entries []fs.DirEntry
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

func (f *openFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.entries) {
		n = len(f.entries)
	}
	listed := f.entries[:n]
	f.entries = f.entries[n:]
	return listed, nil
}

// Durable returns the content of a file after a power failure, and whether it would
// exist.
func (d *Disk) Durable(name string) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.root
	for part := range strings.SplitSeq(name, "/") {
		if n = n.stable[part]; n == nil {
			return nil, false
		}
	}
	return slices.Clone(n.synced), true
}
