package podtext

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

// MisfitError says that a template does not render to a pod. The decoder reports only
// the first wrong value, and not always its field.
type MisfitError struct {
	document stdjson.RawMessage
	err      error
}

func (e *MisfitError) Error() string { return e.err.Error() }

// Unwrap returns the error of the decoder.
func (e *MisfitError) Unwrap() error { return e.err }

// Problems returns all wrong values, with their paths below path.
func (e *MisfitError) Problems(path *field.Path) field.ErrorList {
	var root any
	if err := json.UnmarshalCaseSensitivePreserveInts(e.document, &root); err != nil {
		return field.ErrorList{field.Invalid(path, field.OmitValueType{}, err.Error())}
	}
	m := decodeErrors{root: path}
	m.walk(path, root, func(value any) any { return value })
	if len(m.found) == 0 {
		m.found = field.ErrorList{field.Invalid(path, field.OmitValueType{}, e.err.Error())}
	}
	return m.found
}

// decodeErrors decodes each value separately, with only the objects around it.
type decodeErrors struct {
	root  *field.Path
	found field.ErrorList
}

const (
	maxMisfits = 100
	// maxPadding bounds the empty entries before the decoded one, which give it its
	// index in a message.
	maxPadding = 100
)

func (m *decodeErrors) walk(path *field.Path, value any, in func(any) any) {
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

// fits reports whether a document with one value can be decoded.
func (m *decodeErrors) fits(path *field.Path, shown, document any) bool {
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
		m.found = append(m.found, field.Invalid(path, shown, describeTypeError(err)))
	case len(unknown) > 0:
		m.found = append(m.found, field.Invalid(m.root, field.OmitValueType{}, unknown[0].Error()))
	}
	return err == nil && len(unknown) == 0
}

// describeTypeError says which type is expected, without names of Go types.
func describeTypeError(err error) string {
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
