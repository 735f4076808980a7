package config

import "k8s.io/apimachinery/pkg/util/validation/field"

// What is written as text or a number, and is neither.
const (
	aDuration kind = "a duration"
	aSize     kind = "a size"
)

// declaration is what the decoder takes under a key. The JSON schema in docs is
// made of what it declares while it decodes, so that neither knows a key or a
// bound that the other does not.
type declaration struct {
	kind        kind
	absent      any      // nil, or what an absent one stands for
	least, most int64    // of a number, a size, or a duration
	words       []string // of which a text must be one
}

func (o *object) declare(key string, d declaration) { o.declareAt(o.child(key), d) }

func (f *findings) declareAt(path *field.Path, d declaration) {
	if f.declared != nil {
		f.declared(path, d)
	}
}
