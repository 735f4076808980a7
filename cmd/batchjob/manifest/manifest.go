package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// NodeCronJob is a NodeCronJob as a file has it: only what is in the file is applied.
type NodeCronJob struct {
	Name, Namespace string
	JSON            []byte
	Warnings        []string // about what is accepted

	object *unstructured.Unstructured
}

// Read reads a file, and returns all that is wrong in it. namespace is that of -n, or empty.
func Read(file string, stdin io.Reader, namespace string, now time.Time) ([]*NodeCronJob, error) {
	text, shown, err := readFile(file, stdin)
	if err != nil {
		return nil, fmt.Errorf("-f: %w", err)
	}
	decoded, err := objects.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("-f %s: %w", shown, err)
	}
	var found []*NodeCronJob
	var errs []error
	for _, object := range decoded {
		if len(object.Object) == 0 {
			continue // only comments
		}
		m, problems := newNodeCronJob(object, namespace, now)
		for _, problem := range problems {
			errs = append(errs, fmt.Errorf("-f %s: %w", shown, problem))
		}
		found = append(found, m)
	}
	if len(found) == 0 {
		errs = append(errs, fmt.Errorf("-f %s: has no object", shown))
	}
	return found, errors.Join(errs...)
}

func readFile(name string, stdin io.Reader) (text []byte, shown string, err error) {
	if name == "-" {
		text, err = io.ReadAll(stdin)
		return text, "stdin", err
	}
	text, err = os.ReadFile(name)
	return text, name, err
}

func newNodeCronJob(object *unstructured.Unstructured, namespace string, now time.Time) (*NodeCronJob, []error) {
	of := objects.ReferenceTo(object)
	if of.APIVersion != v1alpha1.GroupVersion().String() || of.Kind != v1alpha1.NodeCronJobKind {
		return nil, []error{fmt.Errorf("kind %s of apiVersion %q: must be %s of %s; to apply other objects, use kubectl apply",
			of.Kind, of.APIVersion, v1alpha1.NodeCronJobKind, v1alpha1.GroupVersion())}
	}
	if of.Name == "" {
		return nil, []error{fmt.Errorf("a %s has no metadata.name", of.Kind)}
	}
	where := "nodecronjob " + of.Name
	m := &NodeCronJob{Name: of.Name, Namespace: of.Namespace, object: object}
	if namespace != "" {
		if of.Namespace != "" && of.Namespace != namespace {
			return nil, []error{fmt.Errorf("%s: metadata.namespace %q: must be that of -n, %q", where, of.Namespace, namespace)}
		}
		m.Namespace = namespace
	}
	// The status is the controller's, and the API server would ignore it.
	unstructured.RemoveNestedField(object.Object, "status")
	if err := m.SetNamespace(m.Namespace); err != nil {
		return nil, []error{fmt.Errorf("%s: %w", where, err)}
	}
	var typed v1alpha1.NodeCronJob
	unknown, err := kjson.UnmarshalStrict(m.JSON, &typed)
	if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", where, err)}
	}
	_, warnings, problems := config.FromResource(&typed, now)
	m.Warnings = warnings
	errs := unknown
	for _, line := range problems.Lines() {
		errs = append(errs, errors.New(line))
	}
	for i := range errs {
		errs[i] = fmt.Errorf("%s: %w", where, errs[i])
	}
	return m, errs
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
