package jobspec

import (
	"cmp"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/json"
)

// misfitError is that what a template renders to is no pod. The decoder tells
// of the first value that does not fit, and not always of its name.
type misfitError struct {
	document stdjson.RawMessage
	err      error
}

func (e *misfitError) Error() string { return e.err.Error() }
func (e *misfitError) Unwrap() error { return e.err }

// problems returns everything that does not fit.
func (e *misfitError) problems(path *field.Path) field.ErrorList {
	var root any
	if err := json.UnmarshalCaseSensitivePreserveInts(e.document, &root); err != nil {
		return field.ErrorList{field.Invalid(path, field.OmitValueType{}, err.Error())}
	}
	m := misfits{root: path}
	m.walk(path, root, func(value any) any { return value })
	if len(m.found) == 0 {
		m.found = field.ErrorList{field.Invalid(path, field.OmitValueType{}, e.err.Error())}
	}
	return m.found
}

// misfits decodes each value alone, with nothing but what it is in.
type misfits struct {
	root  *field.Path
	found field.ErrorList
}

const (
	maxMisfits = 100
	// maxPadding bounds the entries that are put before one for the sake of
	// its index in a message.
	maxPadding = 100
)

func (m *misfits) walk(path *field.Path, value any, in func(any) any) {
	switch v := value.(type) {
	case map[string]any:
		if !m.fits(path, field.OmitValueType{}, in(map[string]any{})) {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			m.walk(path.Child(key), v[key], func(value any) any { return in(map[string]any{key: value}) })
		}
	case []any:
		if !m.fits(path, field.OmitValueType{}, in([]any{})) {
			return
		}
		for i := range v {
			m.walk(path.Index(i), v[i], func(value any) any {
				list := make([]any, min(i, maxPadding)+1)
				list[len(list)-1] = value
				return in(list)
			})
		}
	default:
		m.fits(path, value, in(value))
	}
}

// fits reports whether a document with one value is decoded.
func (m *misfits) fits(path *field.Path, shown, document any) bool {
	if len(m.found) == maxMisfits {
		return false
	}
	text, err := stdjson.Marshal(document)
	if err != nil {
		m.found = append(m.found, field.Invalid(path, shown, err.Error()))
		return false
	}
	unknown, err := json.UnmarshalStrict(text, &corev1.Pod{})
	switch {
	case err != nil:
		m.found = append(m.found, field.Invalid(path, shown, inWords(err)))
	case len(unknown) > 0:
		m.found = append(m.found, field.Invalid(m.root, field.OmitValueType{}, unknown[0].Error()))
	}
	return err == nil && len(unknown) == 0
}

// inWords says without the names of Go what would fit.
func inWords(err error) string {
	var mismatch *stdjson.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return err.Error()
	}
	is, _, _ := strings.Cut(mismatch.Value, " ")
	is = cmp.Or(map[string]string{"object": "a mapping", "array": "a list", "string": "text", "number": "a number", "bool": "true or false"}[is], is)
	must := mismatch.Type.String()
	switch mismatch.Type.Kind() {
	case reflect.Struct, reflect.Map:
		must = "a mapping"
	case reflect.Slice:
		must = "a list"
	case reflect.String:
		must = "text"
	case reflect.Bool:
		must = "true or false"
	case reflect.Int32, reflect.Int64:
		must = "a whole number"
	default:
	}
	return fmt.Sprintf("is %s: must be %s", is, must)
}
