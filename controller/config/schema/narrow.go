package schema

import "reflect"

// Replaced returns the keys that replace returns for them and for those of mappings; false
// omits a key. A mapping without a key is omitted.
func Replaced(all []Key, replace func(Key) (Key, bool)) (kept []Key) {
	for _, k := range all {
		var keep bool
		if inner := k.Value.Keys; len(inner) > 0 {
			inner = Replaced(inner, replace)
			k.Value, keep = Object(inner...), len(inner) > 0
		} else {
			k, keep = replace(k)
		}
		if keep {
			kept = append(kept, k)
		}
	}
	return kept
}

// FieldsOf returns the addresses of the fields of a struct, and of structs in it: those that
// the targets of keys are.
func FieldsOf[T any](s *T) map[any]bool {
	addresses := map[any]bool{}
	var add func(reflect.Value)
	add = func(v reflect.Value) {
		for i := range v.NumField() {
			addresses[v.Field(i).Addr().Interface()] = true
			if v.Field(i).Kind() == reflect.Struct {
				add(v.Field(i))
			}
		}
	}
	add(reflect.ValueOf(s).Elem())
	return addresses
}
