package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/validate"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// NodeCronJob is a NodeCronJob as a file has it: only what is in the file is applied.
type NodeCronJob struct {
	Name, Namespace string
	JSON            []byte
	Warnings        []string // about what is accepted, with their lines

	object *unstructured.Unstructured
}

// Read reads a file, and returns all that is wrong in it. namespace is that of -n, or empty.
func Read(file string, stdin io.Reader, namespace string, now time.Time) ([]*NodeCronJob, error) {
	text, shown, err := readFile(file, stdin)
	if err != nil {
		return nil, fmt.Errorf("-f: %w", err)
	}
	decoded, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("-f %s: %w", shown, err)
	}
	var found []*NodeCronJob
	var errs []error
	for _, object := range decoded {
		m, err := newNodeCronJob(object, namespace)
		if err != nil {
			errs = append(errs, fmt.Errorf("-f %s: %w", shown, err))
		}
		found = append(found, m)
	}
	if len(found) == 0 {
		errs = append(errs, fmt.Errorf("-f %s: has no object", shown))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	results, err := validate.NodeCronJobs(string(text), shown, now)
	if err != nil {
		return nil, fmt.Errorf("-f %s: %w", shown, err)
	}
	for i, result := range results {
		for _, f := range result.Findings {
			if f.Warning {
				found[i].Warnings = append(found[i].Warnings, f.String())
			} else {
				errs = append(errs, errors.New(f.String()))
			}
		}
	}
	return found, errors.Join(errs...)
}

// decode returns the objects of a text: of a List, its items.
func decode(text []byte) ([]*unstructured.Unstructured, error) {
	decoded, err := objects.Decode(text)
	if err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	for _, object := range decoded {
		switch {
		case len(object.Object) == 0: // only comments
		case object.IsList():
			list, err := object.ToList()
			if err != nil {
				return nil, err
			}
			for i := range list.Items {
				all = append(all, &list.Items[i])
			}
		default:
			all = append(all, object)
		}
	}
	return all, nil
}

func readFile(name string, stdin io.Reader) (text []byte, shown string, err error) {
	if name == "-" {
		text, err = io.ReadAll(stdin)
		return text, "stdin", err
	}
	text, err = os.ReadFile(name)
	return text, name, err
}

func newNodeCronJob(object *unstructured.Unstructured, namespace string) (*NodeCronJob, error) {
	of := objects.ReferenceTo(object)
	if of.APIVersion != v1alpha1.GroupVersion().String() || of.Kind != v1alpha1.NodeCronJobKind {
		return nil, fmt.Errorf("kind %s of apiVersion %q: must be %s of %s; to apply other objects, use kubectl apply",
			of.Kind, of.APIVersion, v1alpha1.NodeCronJobKind, v1alpha1.GroupVersion())
	}
	if of.Name == "" {
		return nil, fmt.Errorf("a %s has no metadata.name", of.Kind)
	}
	m := &NodeCronJob{Name: of.Name, Namespace: of.Namespace, object: object}
	if namespace != "" {
		if of.Namespace != "" && of.Namespace != namespace {
			return nil, fmt.Errorf("nodecronjob %s: metadata.namespace %q: must be that of -n, %q", of.Name, of.Namespace, namespace)
		}
		m.Namespace = namespace
	}
	// The status is the controller's, and the API server would ignore it.
	unstructured.RemoveNestedField(object.Object, "status")
	if err := m.SetNamespace(m.Namespace); err != nil {
		return nil, fmt.Errorf("nodecronjob %s: %w", of.Name, err)
	}
	return m, nil
}

// SetNamespace sets the namespace in what is sent.
func (m *NodeCronJob) SetNamespace(namespace string) (err error) {
	m.Namespace = namespace
	m.object.SetNamespace(namespace)
	if m.JSON, err = json.Marshal(m.object.Object); err != nil {
		return fmt.Errorf("write the object as JSON: %w", err)
	}
	return nil
}
