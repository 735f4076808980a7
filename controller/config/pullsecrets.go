package config

import (
	"encoding/json"
	"slices"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// pullSecrets takes the documented key, and the one that the predecessor read
// instead. Its chart wrote an empty mapping where a list is meant.
func (o *object) pullSecrets() []string {
	const documented, alias = "jobImagePullSecrets", "imagePullSecrets"
	names := o.secretNames(documented)
	others := o.secretNames(alias)
	switch {
	case len(names) > 0 && len(others) > 0:
		o.report(field.Forbidden(o.child(alias), "must not be set together with "+documented+", which means the same"))
	case len(others) > 0:
		o.warn(o.child(alias), "the documented name of this key is %s", documented)
		return others
	}
	return names
}

func (o *object) secretNames(key string) []string {
	o.declare(key, declaration{kind: aList})
	value, ok := o.take(key)
	if !ok || isEmptyMapping(value) {
		return nil
	}
	var names []string
	for i, entry := range o.list(o.child(key), value) {
		at := o.child(key).Index(i)
		if kindOf(entry) != aMapping {
			o.wrongType(at, entry, "a mapping such as \"name: my-secret\"")
			continue
		}
		secret, _ := o.mapping(at, entry)
		name := secret.text("name", "", required("must be the name of a Secret"), unlessEmpty(content.IsDNS1123Subdomain))
		secret.close()
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func isEmptyMapping(value json.RawMessage) bool {
	var values map[string]json.RawMessage
	return kindOf(value) == aMapping && json.Unmarshal(value, &values) == nil && len(values) == 0
}
