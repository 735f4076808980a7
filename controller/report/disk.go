package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Disk is the part of a file system that the store needs. Names are those of package
// fs. Content is durable after a sync of the file, and a name after a sync of its
// directory.
type Disk interface {
	// FS is for reading. It implements fs.ReadLinkFS.
	FS() fs.FS
	// Create creates a file, which must not exist.
	Create(name string) (File, error)
	Mkdir(name string) error
	Symlink(target, name string) error
	// Link gives a file a second name, which must not exist.
	Link(oldName, newName string) error
	// Rename replaces newName atomically.
	Rename(oldName, newName string) error
	Remove(name string) error
	RemoveAll(name string) error
	SyncDir(name string) error
	// Free returns how many bytes may still be written.
	Free() (int64, error)
	// Size returns the size of the file system in bytes.
	Size() (int64, error)
}

// File is a file being written.
type File = interface {
	io.WriteCloser
	Sync() error
}

const (
	fileMode      fs.FileMode = 0o640
	directoryMode fs.FileMode = 0o750
)

// rootDisk is a directory of the operating system. Neither a name nor a symbolic link
// can leave it.
type rootDisk struct{ root *os.Root }

// OpenDisk opens a directory of the operating system, and creates it if necessary.
func OpenDisk(dir string) (Disk, error) {
	if err := os.MkdirAll(dir, directoryMode); err != nil {
		return nil, fmt.Errorf("create report directory: %w", explain(err))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open report directory: %w", explain(err))
	}
	return rootDisk{root: root}, nil
}

func (d rootDisk) FS() fs.FS { return d.root.FS() }

func (d rootDisk) Create(name string) (File, error) {
	f, err := d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d rootDisk) Mkdir(name string) error              { return d.root.Mkdir(name, directoryMode) }
func (d rootDisk) Symlink(target, name string) error    { return d.root.Symlink(target, name) }
func (d rootDisk) Link(oldName, newName string) error   { return d.root.Link(oldName, newName) }
func (d rootDisk) Rename(oldName, newName string) error { return d.root.Rename(oldName, newName) }
func (d rootDisk) Remove(name string) error             { return d.root.Remove(name) }
func (d rootDisk) RemoveAll(name string) error          { return d.root.RemoveAll(name) }

// SyncDir opens the directory each time: an error of fsync is reported once per
// descriptor, and a second fsync of the same descriptor would wrongly succeed.
func (d rootDisk) SyncDir(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // a network file system that makes names durable at once
	}
	return errors.Join(err, f.Close())
}

func (d rootDisk) Free() (int64, error) { return d.measure(freeBytes) }
func (d rootDisk) Size() (int64, error) { return d.measure(sizeBytes) }

func (d rootDisk) measure(bytes func(*os.File) (int64, error)) (int64, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // nothing was written to it
	return bytes(f)
}

// explain wraps the error of a full disk with ErrNoSpace.
func explain(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", execution.ErrNoSpace, err)
	}
	return err
}
