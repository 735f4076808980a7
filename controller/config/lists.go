package config

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

// secrets is a list of Secrets, without duplicates.
func secrets(to *[]string) schema.Value {
	entry := func(name *string) schema.Value {
		return schema.Object(schema.KeyOf("name", "", schema.Text(name, "", schema.DNSSubdomain.Required("must be the name of a Secret")), "its name"))
	}
	each := &schema.Key{Value: entry(new(string)), Help: "a Secret of the controller's namespace"}
	return schema.Value{Kind: document.List, Target: to, Each: each, Read: func(f *schema.Findings, at *field.Path, given any) {
		*to = nil
		if m, ok := given.(map[string]any); ok && len(m) == 0 {
			return // the predecessor's chart wrote {}
		}
		for i, g := range f.List(at, given) {
			if document.KindOf(g) != document.Mapping {
				f.WrongType(at.Index(i), g, "a mapping such as \"name: my-secret\"")
				continue
			}
			var name string
			entry(&name).Read(f, at.Index(i), g)
			if !slices.Contains(*to, name) {
				*to = append(*to, name)
			}
		}
	}}
}

// nodeSelector is a mapping of labels to their values.
func nodeSelector(to *map[string]string) schema.Value {
	entry := func(to *string) schema.Value { return schema.Text(to, "", schema.LabelValue) }
	return schema.MapOf(to, entry, "the value that the label must have", func(f *schema.Findings, at *field.Path, name string, _ any) {
		f.ReportAll(at, name, content.IsLabelKey(name))
	})
}
