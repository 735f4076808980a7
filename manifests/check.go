package manifests

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// check returns the namespace, and the directories of the components that the overlay
// does not include. Its error has all problems of the options.
func (o Options) check(files filesys.FileSystem) (namespace string, components []string, err error) {
	overlays, errOverlays := Overlays()
	known, errComponents := Components()
	errs := []error{errOverlays, errComponents}
	if o.Overlay != "" && !slices.Contains(overlays, o.Overlay) {
		return "", nil, errors.Join(append(errs, unknown("overlay", o.Overlay, overlays))...)
	}
	for _, component := range o.Components {
		if !slices.Contains(known, component) {
			errs = append(errs, unknown("component", component, known))
		}
	}
	namespace, err = o.namespaceOf(files)
	errs = append(errs, err, checkNamespace(namespace), checkImage(o.Image))
	if err := errors.Join(errs...); err != nil {
		return "", nil, err
	}
	components, err = o.missing(files)
	return namespace, components, err
}

func unknown(what, name string, known []string) error {
	return fmt.Errorf("no %s %q: must be one of %s", what, name, strings.Join(known, ", "))
}

func checkNamespace(namespace string) error {
	if namespace == "" {
		return errors.New("no namespace: must be given where the overlay has none")
	}
	if problems := content.IsDNS1123Label(namespace); len(problems) > 0 {
		return fmt.Errorf("namespace %q: %s", namespace, strings.Join(problems, ", "))
	}
	return nil
}

// imageForm is roughly host[:port]/path[:tag][@digest]: only the node learns whether
// the image exists.
const imageForm = `^[a-zA-Z0-9][a-zA-Z0-9._:/-]*(@sha256:[0-9a-f]{64})?$`

func checkImage(image string) error {
	if matches, err := regexp.MatchString(imageForm, image); image != "" && (err != nil || !matches) {
		return fmt.Errorf("image %q: must be like registry.example.com/batch-job-controller:v1.2.3, or end with @sha256:<digest>", image)
	}
	return nil
}
