package manifests

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/batch-job-controller/batch-job-controller/kustomize"
)

//go:embed *.yaml
var base embed.FS

// Where things are in FileSystem: as in the repository, so that an overlay
// finds its base by the same relative path.
const (
	BaseDir     = "/manifests"
	OverlaysDir = "/kustomize/overlays"
)

// Overlays returns the names of the overlays, in order.
func Overlays() ([]string, error) {
	entries, err := fs.ReadDir(kustomize.Files(), path.Base(OverlaysDir))
	if err != nil {
		return nil, fmt.Errorf("list overlays: %w", err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, nil
}

// Render returns the objects of an overlay, such as demo, as YAML documents.
func Render(overlay string) ([]byte, error) {
	names, err := Overlays()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, overlay) {
		return nil, fmt.Errorf("no overlay %q: there are %s", overlay, strings.Join(names, ", "))
	}
	files, err := FileSystem()
	if err != nil {
		return nil, err
	}
	return RenderDir(files, path.Join(OverlaysDir, overlay))
}

// FileSystem returns a copy of all files, in memory. The caller may add to it,
// such as an overlay of its own beside the others, and render that.
func FileSystem() (filesys.FileSystem, error) {
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

// RenderDir renders the kustomization of a directory. The objects come in the
// order in which they can be applied, namespaces first.
func RenderDir(files filesys.FileSystem, dir string) ([]byte, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	objects, err := krusty.MakeKustomizer(options).Run(files, dir)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	return objects.AsYaml()
}
