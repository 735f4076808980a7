package document

import (
	"encoding/json"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Kind is the kind of a value, in words for a message.
type Kind string

// The kinds of values.
const (
	Null    Kind = "nothing"
	Mapping Kind = "a mapping"
	List    Kind = "a list"
	Text    Kind = "text"
	Number  Kind = "a number"
	Bool    Kind = "true or false"
)

// KindOf returns the kind of a value of Read's result.
func KindOf(value any) Kind {
	switch value.(type) {
	case nil:
		return Null
	case map[string]any:
		return Mapping
	case []any:
		return List
	case string:
		return Text
	case bool:
		return Bool
	default:
		return Number
	}
}

// Shown returns a value for a message: a long value is truncated.
func Shown(value any) any {
	const longest = 64
	if text, ok := value.(string); ok {
		return execution.Truncate(text, longest)
	}
	if text, err := json.Marshal(value); err == nil && len(text) > longest {
		return execution.Truncate(string(text), longest)
	}
	return value
}
