package schema

import (
	"encoding/json"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	sigsjson "sigs.k8s.io/json"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
)

// MapOf is a mapping by names that people choose. Check checks a name, and may look at its
// value.
func MapOf[T any](to *map[string]T, entry func(*T) Value, help string, check func(f *Findings, at *field.Path, name string, given any)) Value {
	each := &Key{Value: entry(new(T)), Help: help}
	return Value{Kind: document.Mapping, Target: to, Each: each, Read: func(f *Findings, at *field.Path, given any) {
		*to = nil
		entries, _ := f.object(at, given)
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			if *to == nil {
				*to = map[string]T{}
			}
			check(f, at.Key(name), name, entries[name])
			var e T
			entry(&e).Read(f, at.Key(name), entries[name])
			(*to)[name] = e
		}
	}}
}

// FreeForm is a mapping of any values. Its numbers become int64 or float64.
func FreeForm(to *map[string]any) Value {
	return Value{Kind: document.Mapping, Target: to, Read: func(f *Findings, at *field.Path, given any) {
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
			f.Report(field.Invalid(at, field.OmitValueType{}, err.Error()))
		}
	}}
}
