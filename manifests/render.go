package manifests

import (
	"fmt"
	"path"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Options say what to render: an overlay, and what is to be different.
//
// There is no name to choose: an installation is named after its namespace, of
// which it is the only one. See docs/cli.md.
type Options struct {
	Overlay    string   // of package kustomize, such as demo; empty: the base
	Components []string // of package kustomize, such as ha, besides those of the overlay
	Namespace  string   // empty: that of the overlay, which the base has none of
	Image      string   // of the controller; empty: that of the overlay
	// The values of the ConfigMap; empty: those of the overlay.
	Config      string
	PodTemplate string
	// For tests: more objects, and strategic merge patches of all of them.
	Resources []any
	Patches   []any
}

// Render returns the objects of an installation as YAML documents, in the order
// in which they can be applied. Its error has everything that is wrong with
// the options.
func Render(o Options) ([]byte, error) {
	files, err := fileSystem()
	if err != nil {
		return nil, err
	}
	dir, err := o.write(files)
	if err != nil {
		return nil, err
	}
	return renderDir(files, dir)
}

// renderDir renders the kustomization of a directory, namespaces first.
func renderDir(files filesys.FileSystem, dir string) ([]byte, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	objects, err := krusty.MakeKustomizer(options).Run(files, dir)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", path.Base(dir), err)
	}
	return objects.AsYaml()
}
