package manifests

import (
	"fmt"
	"path"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Options select an overlay, and what to change in it.
//
// There is no option for a name: a namespace has at most one installation, which is
// named after it. See docs/cli.md.
type Options struct {
	Overlay    string   // of package kustomize, such as demo; empty: the base
	Components []string // of package kustomize, such as ha, besides those of the overlay
	Namespace  string   // empty: that of the overlay; the base has none
	Image      string   // of the controller; empty: that of the overlay
	// The values of the ConfigMap; empty: those of the overlay.
	Config      string
	PodTemplate string
	// OnlyConfig says that the ConfigMap has no pod template, also if that of the overlay has
	// one: Config has no definition.
	OnlyConfig bool
	// For tests: additional objects, and strategic merge patches of any object.
	Resources []any
	Patches   []any
}

// Render returns the objects of an installation as YAML documents, in the order in
// which they can be applied. Its error has all problems of the options.
func Render(o Options) ([]byte, error) {
	files, err := fileSystem()
	if err != nil {
		return nil, err
	}
	return o.render(files)
}

func (o Options) render(files filesys.FileSystem) ([]byte, error) {
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
