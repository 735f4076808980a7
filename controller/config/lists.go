package config

import (
	"encoding/json"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation/field"
	sigsjson "sigs.k8s.io/json"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
)

// secrets is a list of Secrets, without duplicates.
func secrets(to *[]string) value {
	entry := func(name *string) value {
		return object(key{"name", "", text(name, "", dnsSubdomain.required("must be the name of a Secret")), "its name"})
	}
	each := &key{value: entry(new(string)), help: "a Secret of the controller's namespace"}
	return value{kind: document.List, target: to, each: each, read: func(f *findings, at *field.Path, given any) {
		*to = nil
		if m, ok := given.(map[string]any); ok && len(m) == 0 {
			return // the predecessor's chart wrote {}
		}
		for i, g := range f.list(at, given) {
			if document.KindOf(g) != document.Mapping {
				f.wrongType(at.Index(i), g, "a mapping such as \"name: my-secret\"")
				continue
			}
			var name string
			entry(&name).read(f, at.Index(i), g)
			if !slices.Contains(*to, name) {
				*to = append(*to, name)
			}
		}
	}}
}

// mapOf is a mapping by names that people choose. Check checks a name, and may look at its
// value.
func mapOf[T any](to *map[string]T, entry func(*T) value, help string, check func(f *findings, at *field.Path, name string, given any)) value {
	each := &key{value: entry(new(T)), help: help}
	return value{kind: document.Mapping, target: to, each: each, read: func(f *findings, at *field.Path, given any) {
		*to = nil
		entries, _ := f.object(at, given)
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			if *to == nil {
				*to = map[string]T{}
			}
			check(f, at.Key(name), name, entries[name])
			var e T
			entry(&e).read(f, at.Key(name), entries[name])
			(*to)[name] = e
		}
	}}
}

// nodeSelector is a mapping of labels to their values.
func nodeSelector(to *map[string]string) value {
	entry := func(to *string) value { return text(to, "", labelValue) }
	return mapOf(to, entry, "the value that the label must have", func(f *findings, at *field.Path, name string, _ any) {
		f.reportAll(at, name, content.IsLabelKey(name))
	})
}

// freeForm is a mapping of any values. Its numbers become int64 or float64.
func freeForm(to *map[string]any) value {
	return value{kind: document.Mapping, target: to, read: func(f *findings, at *field.Path, given any) {
		*to = nil
		entries, _ := f.object(at, given)
		if entries == nil {
			return
		}
		text, err := json.Marshal(entries)
		if err == nil {
			err = sigsjson.UnmarshalCaseSensitivePreserveInts(text, to)
		}
		if err != nil {
			f.report(field.Invalid(at, field.OmitValueType{}, err.Error()))
		}
	}}
}
