package manifests

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/batch-job-controller/batch-job-controller/kustomize"
)

//go:embed *.yaml
var base embed.FS

// The directories in memory. They are those of the repository, so that an overlay
// finds its base by the same relative path.
const (
	BaseDir       = "/manifests"
	OverlaysDir   = "/kustomize/overlays"
	ComponentsDir = "/kustomize/components"
)

// Overlays returns the sorted names of the overlays.
func Overlays() ([]string, error) { return list(OverlaysDir) }

// Components returns the sorted names of the components that an overlay can list.
func Components() ([]string, error) { return list(ComponentsDir) }

func list(dir string) ([]string, error) {
	entries, err := fs.ReadDir(kustomize.Files(), path.Base(dir))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", path.Base(dir), err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, nil
}

// fileSystem returns a copy of all files in memory, to which files can be added.
func fileSystem() (filesys.FileSystem, error) {
	files := filesys.MakeFsInMemory()
	err := errors.Join(
		copyFiles(files, BaseDir, base),
		copyFiles(files, path.Dir(OverlaysDir), kustomize.Files()),
	)
	if err != nil {
		return nil, fmt.Errorf("copy manifests: %w", err)
	}
	return files, nil
}

func copyFiles(to filesys.FileSystem, dir string, from fs.FS) error {
	return fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		return to.WriteFile(path.Join(dir, name), data)
	})
}
