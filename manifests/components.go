package manifests

import (
	"errors"
	"fmt"
	"path"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// missing returns the directories of the requested components and of those that they
// include, without those that the overlay includes: an object must not occur twice.
func (o Options) missing(files filesys.FileSystem) ([]string, error) {
	present := map[string]bool{}
	err := collect(files, o.dir(), present)
	var dirs []string
	for _, component := range o.Components {
		added, errAdd := flatten(files, path.Join(ComponentsDir, component), present)
		dirs, err = append(dirs, added...), errors.Join(err, errAdd)
	}
	return dirs, err
}

// flatten returns the directories of a component and, before it, of the components
// that it includes, each without its own includes. It omits components that are
// present, and marks the others as present.
func flatten(files filesys.FileSystem, dir string, present map[string]bool) ([]string, error) {
	if present[dir] {
		return nil, nil
	}
	present[dir] = true
	k, err := readKustomization(files, dir)
	if err != nil || len(k.Components) == 0 {
		return []string{relative(dir)}, err
	}
	var dirs []string
	for _, component := range k.Components {
		added, errAdd := flatten(files, path.Join(dir, component), present)
		dirs, err = append(dirs, added...), errors.Join(err, errAdd)
	}
	alone, errAlone := copyAlone(files, dir)
	return append(dirs, relative(alone)), errors.Join(err, errAlone)
}

// copyAlone copies a component to a hidden directory beside it, without its includes.
func copyAlone(files filesys.FileSystem, dir string) (alone string, err error) {
	alone = path.Join(path.Dir(dir), "."+path.Base(dir))
	names, err := files.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("copy component %s: %w", dir, err)
	}
	var errs []error
	for _, name := range names {
		text, err := files.ReadFile(path.Join(dir, name))
		if err == nil && name == kustomizationFile {
			var content object
			err = yaml.Unmarshal(text, &content)
			delete(content, "components")
			errs = append(errs, err)
			text, err = yaml.Marshal(content)
		}
		errs = append(errs, err, files.WriteFile(path.Join(alone, name), text))
	}
	return alone, errors.Join(errs...)
}

const kustomizationFile = "kustomization.yaml"

// kustomization has the fields that are read from a kustomization.yaml.
type kustomization struct {
	Namespace  string   `json:"namespace"`
	Resources  []string `json:"resources"`
	Components []string `json:"components"`
}

func readKustomization(files filesys.FileSystem, dir string) (k kustomization, err error) {
	text, err := files.ReadFile(path.Join(dir, kustomizationFile))
	if err == nil {
		err = yaml.Unmarshal(text, &k)
	}
	if err != nil {
		return k, fmt.Errorf("read kustomization %s: %w", dir, err)
	}
	return k, nil
}

// collect adds the components that a kustomization includes, at any depth.
func collect(files filesys.FileSystem, dir string, to map[string]bool) error {
	k, err := readKustomization(files, dir)
	if err != nil {
		return err
	}
	for _, component := range k.Components {
		below := path.Join(dir, component)
		to[below] = true
		err = errors.Join(err, collect(files, below, to))
	}
	for _, resource := range k.Resources {
		if below := path.Join(dir, resource); files.IsDir(below) {
			err = errors.Join(err, collect(files, below, to))
		}
	}
	return err
}
