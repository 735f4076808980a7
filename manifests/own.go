package manifests

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// The names in the base that the options refer to.
const (
	baseName      = "batch-job-controller"
	containerName = "controller"
)

// ownDir is beside the overlays. No overlay can have this name.
const ownDir = OverlaysDir + "/.own"

type object = map[string]any

// own is the generated kustomization on top of an overlay.
type own struct {
	files     filesys.FileSystem
	resources []string
	patches   []object
	errs      []error
}

// write writes the kustomization for the options, and returns its directory.
func (o Options) write(files filesys.FileSystem) (dir string, err error) {
	namespace, components, err := o.check(files)
	if err != nil {
		return "", err
	}
	w := &own{files: files, resources: []string{relative(o.dir())}}
	for _, resource := range o.Resources {
		w.resources = append(w.resources, w.add("resource", resource))
	}
	for _, patch := range o.patches() {
		w.patches = append(w.patches, object{"path": w.add("patch", patch)})
	}
	content := object{
		"namespace":    namespace,
		"resources":    w.resources,
		"components":   components,
		"transformers": []string{"../../transformers/cluster-names"},
		"patches":      w.patches,
	}
	if values := w.values(o); len(values) > 0 {
		behavior := "merge"
		if o.OnlyConfig {
			behavior = "replace"
		}
		content["configMapGenerator"] = []object{{
			"name": baseName, "behavior": behavior, "files": values, "options": object{"disableNameSuffixHash": true},
		}}
	}
	w.marshal(kustomizationFile, content)
	return ownDir, errors.Join(w.errs...)
}

// values writes the values of the ConfigMap that replace the overlay's, and returns
// their names.
func (w *own) values(o Options) []string {
	given := map[string]string{"config.yaml": o.Config, "pod-template.yaml": o.PodTemplate}
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" })
	names := slices.Sorted(maps.Keys(given))
	for _, name := range names {
		w.errs = append(w.errs, w.files.WriteFile(path.Join(ownDir, name), []byte(given[name])))
	}
	return names
}

// add writes content to a new file, and returns its name.
func (w *own) add(what string, content any) string {
	name := fmt.Sprintf("%s-%d.yaml", what, len(w.resources)+len(w.patches))
	w.marshal(name, content)
	return name
}

func (w *own) marshal(name string, content any) {
	text, err := yaml.Marshal(content)
	w.errs = append(w.errs, err, w.files.WriteFile(path.Join(ownDir, name), text))
}

// patches returns all patches, that of the image first. The field images would not
// do: it finds an image by its name, which overlays may change.
func (o Options) patches() []any {
	if o.Image == "" {
		return o.Patches
	}
	containers := []object{{"name": containerName, "image": o.Image}}
	return append([]any{object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": baseName},
		"spec": object{"template": object{"spec": object{"containers": containers}}},
	}}, o.Patches...)
}

// dir returns the directory of the overlay, or of the base.
func (o Options) dir() string {
	if o.Overlay == "" {
		return BaseDir
	}
	return path.Join(OverlaysDir, o.Overlay)
}

func relative(dir string) string { return path.Join("../../..", dir) }

// namespaceOf returns the namespace of the options, or else of the overlay.
func (o Options) namespaceOf(files filesys.FileSystem) (string, error) {
	k, err := readKustomization(files, o.dir())
	return cmp.Or(o.Namespace, k.Namespace), err
}
