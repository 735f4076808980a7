package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// FromResource reads the definition of a NodeCronJob, by the rules that the ConfigMap has.
// It returns all problems, with their paths, and warnings as Decode does. The API server
// has checked much of it before, but not what it has no rules for, such as the schedule.
//
// No key of a definition depends on the environment of the controller.
func FromResource(n *v1alpha1.NodeCronJob, now time.Time) (d Definition, warnings []string, problems Problems) {
	f := &schema.Findings{}
	f.Check(field.NewPath("metadata", "name"), n.Name, schema.DNSLabel.Required("must be set: the names of its Jobs begin with it"))
	at := field.NewPath("spec")
	if values, err := valuesOfSpec(n.Spec); err != nil {
		f.Report(field.Invalid(at, field.OmitValueType{}, err.Error()))
	} else {
		schema.Object(append(keysOfDefinition(&d), keysOfResource(&d)...)...).Read(f, at, values)
		agreeOnDefinition(f, at, &d, now)
	}
	d.Template = n.Spec.Template.DeepCopy()
	agreeOnTemplates(f, at, &d)
	if len(f.Problems) > 0 {
		return Definition{}, f.Warnings, f.Problems
	}
	return d, f.Warnings, nil
}

// HashOf returns a hash of what a definition runs. Whether it is suspended does not count.
func HashOf(d Definition) (string, error) {
	d.Suspend = false
	text, err := json.Marshal(ToResource(d))
	if err != nil {
		return "", fmt.Errorf("encode definition: %w", err)
	}
	return shortHash(text), nil
}

// valuesOfSpec returns the fields of a spec by name, without the template, as package
// document returns the values of a text.
func valuesOfSpec(spec v1alpha1.NodeCronJobSpec) (values map[string]any, err error) {
	spec.Template = nil
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return values, decoder.Decode(&values)
}

// agreeOnTemplates checks that there is one template, and validates it.
func agreeOnTemplates(f *schema.Findings, at *field.Path, d *Definition) {
	structured, text := at.Child("template"), at.Child("podTemplate")
	switch {
	case d.Template == nil && d.PodTemplate == "":
		f.Report(field.Required(structured, "template or podTemplate must be set"))
	case d.Template != nil && d.PodTemplate != "":
		f.Report(field.Forbidden(text, "must not be set together with template"))
	case d.Template == nil:
		d.PodTemplate = readPodTemplate(f, text, d.PodTemplate)
	default:
		warnings, problems := jobspec.ValidateStructured(d.Template, structured)
		f.Warnings = append(f.Warnings, warnings...)
		f.Report(problems...)
	}
}
