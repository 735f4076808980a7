package report

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// disk is what the store needs of a file system. Names are those of package
// fs. Nothing is durable before it is synced: of a file its content, of a
// directory the names in it.
type disk interface {
	// FS reads. It has links too, as fs.ReadLinkFS.
	FS() fs.FS
	// Create makes a file that must not be there yet.
	Create(name string) (file, error)
	Mkdir(name string) error
	Symlink(target, name string) error
	// Rename replaces what newName was before, at once.
	Rename(oldName, newName string) error
	Remove(name string) error
	RemoveAll(name string) error
	SyncDir(name string) error
}

// file is a file being written.
type file interface {
	io.WriteCloser
	Sync() error
}

const (
	fileMode      fs.FileMode = 0o640
	directoryMode fs.FileMode = 0o750
)

// rootDisk is a directory of the operating system. No name, and no symbolic
// link found on the way, leads out of it.
type rootDisk struct{ root *os.Root }

func openDisk(dir string) (rootDisk, error) {
	if err := os.MkdirAll(dir, directoryMode); err != nil {
		return rootDisk{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return rootDisk{}, err
	}
	return rootDisk{root: root}, nil
}

func (d rootDisk) FS() fs.FS { return d.root.FS() }

func (d rootDisk) Create(name string) (file, error) {
	f, err := d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d rootDisk) Mkdir(name string) error              { return d.root.Mkdir(name, directoryMode) }
func (d rootDisk) Symlink(target, name string) error    { return d.root.Symlink(target, name) }
func (d rootDisk) Rename(oldName, newName string) error { return d.root.Rename(oldName, newName) }
func (d rootDisk) Remove(name string) error             { return d.root.Remove(name) }
func (d rootDisk) RemoveAll(name string) error          { return d.root.RemoveAll(name) }

// SyncDir opens the directory each time: an error of fsync is reported once
// per descriptor, and another fsync of the same one would wrongly succeed.
func (d rootDisk) SyncDir(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // a network file system on which names are durable at once
	}
	return errors.Join(err, f.Close())
}
