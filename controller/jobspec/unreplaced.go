package jobspec

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// action is how a text reads its data.
var action = regexp.MustCompile(`{{[^{}]{0,100}\.(Namespace|ExecutionID|NodeName)\b[^{}]{0,100}}}`)

// unreplaced warns of the first action in a structured template, by its path: a value that
// was copied from a text. The pod would get it as it is.
func unreplaced(template json.RawMessage, path *field.Path) []string {
	var root any
	if json.Unmarshal(template, &root) != nil {
		return nil // it was encoded just now
	}
	at, found := findAction(root, path)
	if at == nil {
		return nil
	}
	return []string{fmt.Sprintf("%s: %s is not replaced: use variables such as $(%s), in command, args and env, or podTemplate", at, found, EnvNodeName)}
}

func findAction(value any, path *field.Path) (at *field.Path, found string) {
	switch v := value.(type) {
	case string:
		if found = action.FindString(v); found != "" {
			return path, found
		}
	case []any:
		for i := range v {
			if at, found = findAction(v[i], path.Index(i)); at != nil {
				return at, found
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if at, found = findAction(v[key], path.Child(key)); at != nil {
				return at, found
			}
		}
	}
	return nil, ""
}
