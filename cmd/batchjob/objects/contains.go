package objects

import "k8s.io/apimachinery/pkg/api/equality"

// contains reports whether a value of a live object has all that is wanted. The API server adds
// fields, but no items to a list.
func contains(live, wanted any) bool {
	switch wanted := wanted.(type) {
	case map[string]any:
		live, ok := live.(map[string]any)
		if !ok {
			return false
		}
		for key, value := range wanted {
			if !contains(live[key], value) {
				return false
			}
		}
		return true
	case []any:
		live, ok := live.([]any)
		if !ok || len(live) != len(wanted) {
			return false
		}
		for i := range wanted {
			if !contains(live[i], wanted[i]) {
				return false
			}
		}
		return true
	default:
		return equality.Semantic.DeepEqual(live, wanted)
	}
}
