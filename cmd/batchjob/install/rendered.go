package install

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/environment"
	"github.com/batch-job-controller/batch-job-controller/cmd/validate"
	"github.com/batch-job-controller/batch-job-controller/cmd/validate/manifest"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// rendered is an installation, ready to be applied.
type rendered struct {
	selection
	objects    []*unstructured.Unstructured
	deployment *appsv1.Deployment
	env        config.Env // of the controller
	config     config.Config
	pod        corev1.PodTemplateSpec // of the Job that a node would get; zero: there is no definition
}

func (r rendered) namespace() string { return r.deployment.Namespace }

// configurationAnnotation of the controller's pods changes with those parts of the
// configuration that need a restart. The controller reloads the others.
const configurationAnnotation = "batch-job-controller.io/configuration"

// render renders a selection. Each of its errors is a misuse.
func render(t *cli.Tool, s selection) (rendered, error) {
	r, err := doRender(t, s)
	if err != nil {
		return r, cli.Misuse(err)
	}
	return r, nil
}

func doRender(t *cli.Tool, s selection) (r rendered, err error) {
	if err := s.check(); err != nil {
		return r, err
	}
	o, err := readOptions(t, &s)
	if err != nil {
		return r, err
	}
	r.selection = s
	text, err := manifests.Render(o)
	if err != nil {
		return r, err
	}
	if r.objects, err = objects.Decode(text); err != nil {
		return r, err
	}
	deployment, err := objects.Find(r.objects, "Deployment")
	if err != nil {
		return r, err
	}
	if err := r.readDeployment(deployment); err != nil {
		return r, err
	}
	if err := r.readConfig(t.ErrOut); err != nil {
		return r, err
	}
	if err := r.checkRequirements(); err != nil {
		return r, err
	}
	hash, err := r.config.StartHash()
	if err != nil {
		return r, err
	}
	return r, unstructured.SetNestedField(deployment.Object, hash,
		"spec", "template", "metadata", "annotations", configurationAnnotation)
}

// readOptions reads the files of a selection, and completes it.
func readOptions(t *cli.Tool, s *selection) (o manifests.Options, err error) {
	if s.config == "-" && s.podTemplate == "-" {
		return o, errors.New("-f - and -t -: only one of them can be stdin")
	}
	o = manifests.Options{Overlay: s.overlay, Components: s.components, Namespace: t.GivenNamespace(), Image: s.image}
	var errConfig, errTemplate error
	o.Config, errConfig = read("--config", s.config, t.In)
	s.podTemplate = podTemplateOf(*s, o.Config, t.ErrOut)
	o.PodTemplate, errTemplate = read("--pod-template", s.podTemplate, t.In)
	o.OnlyConfig = s.podTemplate == "" && isAlone(o.Config)
	return o, errors.Join(errConfig, errTemplate)
}

// isAlone reports whether a configuration has only the settings of the controller.
func isAlone(text string) bool { return text != "" && !strings.Contains(text, "cronExpression") }

// podTemplateOf returns the file of the pod template. Like validate, it defaults to
// the file beside the configuration, and prints the default.
func podTemplateOf(s selection, text string, out io.Writer) string {
	if s.config == "" || s.podTemplate != "" {
		return s.podTemplate
	}
	if s.config != "-" {
		beside := filepath.Join(filepath.Dir(s.config), config.PodTemplateKey)
		if _, err := os.Stat(beside); err == nil {
			fmt.Fprintf(out, "pod template: %s\n", beside)
			return beside
		}
	}
	if isAlone(text) {
		fmt.Fprintln(out, "pod template: none, because the configuration has no cronExpression")
		return ""
	}
	fmt.Fprintf(out, "pod template: from overlay %s (choose another with -t)\n", s.overlay)
	return ""
}

// read reads a file, which must not be empty. An empty name means no file.
func read(flag, file string, stdin io.Reader) (string, error) {
	var data []byte
	var err error
	switch file {
	case "":
		return "", nil
	case "-":
		data, err = io.ReadAll(stdin)
	default:
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	if len(data) == 0 {
		return "", fmt.Errorf("%s %s: the file is empty", flag, file)
	}
	return string(data), nil
}

func (r *rendered) readDeployment(o *unstructured.Unstructured) error {
	r.deployment = &appsv1.Deployment{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, r.deployment); err != nil {
		return fmt.Errorf("%s: %w", objects.ReferenceTo(o), err)
	}
	return nil
}

// readConfig finds and validates the configuration. It prints warnings.
func (r *rendered) readConfig(warnings io.Writer) error {
	var err error
	r.env, err = environment.OfController(r.deployment.Spec.Template, r.surroundings())
	if err != nil {
		return err
	}
	data, err := r.dataOf(environment.ConfigMap, r.env.ConfigMapName)
	if err != nil {
		return err
	}
	if data == nil {
		return fmt.Errorf("the overlay has no ConfigMap %q, which its Deployment reads", r.env.ConfigMapName)
	}
	return r.checkConfig(data, warnings)
}

// installation returns the installation in the cluster, after it is applied.
func (r *rendered) installation(c *cluster.Cluster) *cluster.Installation {
	return &cluster.Installation{Cluster: c, Deployment: r.deployment, Namespace: r.env.Namespace, Container: r.container(), Config: r.config}
}

// container returns the name of the controller's container.
func (r *rendered) container() string {
	return environment.Container(r.deployment.Spec.Template, r.surroundings())
}

func (r *rendered) surroundings() environment.Surroundings {
	return environment.Surroundings{Namespace: r.namespace(), Data: r.dataOf}
}

// dataOf returns the data of an object of the installation, which has no Secrets:
// the controller creates its own.
func (r *rendered) dataOf(kind environment.Kind, name string) (map[string]string, error) {
	for _, o := range r.objects {
		if o.GetKind() != string(kind) || o.GetName() != name {
			continue
		}
		data, _, err := unstructured.NestedStringMap(o.Object, "data")
		if err != nil {
			return nil, fmt.Errorf("%s: data: %w", objects.ReferenceTo(o), err)
		}
		return data, nil
	}
	return nil, nil
}

// checkConfig validates the configuration as the controller will, and prints
// warnings about the user's files.
func (r *rendered) checkConfig(data map[string]string, warnings io.Writer) error {
	in := validate.Input{Env: r.env, Values: map[string]manifest.Value{}}
	given := map[string]bool{}
	for key, text := range data {
		file, ours := r.fileOf(key)
		in.Values[key] = manifest.Value{Text: text, File: file}
		given[file] = ours
	}
	result := validate.Check(in, time.Now())
	r.config = result.Config
	var errs []error
	for _, finding := range result.Findings {
		switch {
		case !finding.Warning:
			errs = append(errs, errors.New(finding.String()))
		case given[finding.File]:
			fmt.Fprintln(warnings, finding)
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("the controller would reject this configuration:\n%w", errors.Join(errs...))
	}
	if result.Job != nil {
		r.pod = result.Job.Spec.Template
	}
	return nil
}
