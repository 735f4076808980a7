package manifests

import (
	"errors"
	"fmt"
	"path"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// missing returns the components that are asked for, with what they bring, but
// without those that come with the overlay: no object may be there twice.
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

// flatten returns a component behind those that it brings, each one alone, and
// marks them as present. Those that are present are left out.
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

// copyAlone copies a component beside itself, without what it brings.
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

// kustomization is what is read of one.
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

// collect adds the components below a kustomization, at any depth.
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
