package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Inventory is what was installed in a namespace. It is stored there in a ConfigMap,
// for the next install or uninstall.
type Inventory struct {
	Namespace  string
	Overlay    string // for status, as are the components
	Components []string
	Version    string // of the program that installed
	Objects    []Reference
}

const (
	inventoryName = "batch-job-controller-inventory"
	objectsKey    = "objects" // lines of "apiVersion kind namespace name"
	overlayKey    = "overlay"
	componentsKey = "components"
	versionKey    = "version"
	noNamespace   = "-"
)

func inventoryReference(namespace string) Reference {
	return Reference{APIVersion: "v1", Kind: "ConfigMap", Namespace: namespace, Name: inventoryName}
}

// ReadInventory returns nil if nothing is installed.
func (c *Client) ReadInventory(ctx context.Context, namespace string) (*Inventory, error) {
	live, err := c.get(ctx, inventoryReference(namespace))
	if err != nil || live == nil {
		return nil, err
	}
	i, err := parseInventory(live)
	if err != nil {
		return nil, fmt.Errorf("configmap/%s: %w", inventoryName, err)
	}
	return i, nil
}

func (c *Client) writeInventory(ctx context.Context, i Inventory) error {
	if _, err := c.apply(ctx, i.object(), applyOptions{force: true}); err != nil {
		return fmt.Errorf("record the inventory in configmap/%s: %w", inventoryName, err)
	}
	return nil
}

func (i Inventory) object() *unstructured.Unstructured {
	lines := make([]string, 0, len(i.Objects))
	for _, r := range i.Objects {
		namespace := r.Namespace
		if namespace == "" {
			namespace = noNamespace
		}
		lines = append(lines, strings.Join([]string{r.APIVersion, r.Kind, namespace, r.Name}, " "))
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{
			"namespace": i.Namespace, "name": inventoryName,
			"labels": map[string]any{"app.kubernetes.io/name": "batch-job-controller"},
		},
		"data": map[string]any{
			objectsKey: strings.Join(lines, "\n"), overlayKey: i.Overlay,
			componentsKey: strings.Join(i.Components, ","), versionKey: i.Version,
		},
	}}
}

func parseInventory(o *unstructured.Unstructured) (*Inventory, error) {
	data, _, err := unstructured.NestedStringMap(o.Object, "data")
	if err != nil {
		return nil, err
	}
	i := &Inventory{Namespace: o.GetNamespace(), Overlay: data[overlayKey], Version: data[versionKey]}
	if list := data[componentsKey]; list != "" {
		i.Components = strings.Split(list, ",")
	}
	var errs []error
	for line := range strings.Lines(data[objectsKey]) {
		words := strings.Fields(line)
		if len(words) != 4 {
			errs = append(errs, fmt.Errorf("%s: %.128q: must be apiVersion, kind, namespace and name", objectsKey, line))
			continue
		}
		r := Reference{APIVersion: words[0], Kind: words[1], Namespace: words[2], Name: words[3]}
		if r.Namespace == noNamespace {
			r.Namespace = ""
		}
		i.Objects = append(i.Objects, r)
	}
	return i, errors.Join(errs...)
}

// without returns the references in some that are not in others.
func without(some, others []Reference) []Reference {
	return slices.DeleteFunc(slices.Clone(some), func(r Reference) bool { return slices.ContainsFunc(others, r.sameAs) })
}
