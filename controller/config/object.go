package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// findings is what a decoding comes upon.
type findings struct {
	warnings []string
	problems field.ErrorList
	declared func(path *field.Path, d declaration) // nil: nobody asks
}

func (f *findings) warn(path *field.Path, format string, args ...any) {
	f.warnings = append(f.warnings, path.String()+": "+fmt.Sprintf(format, args...))
}

func (f *findings) report(problems ...*field.Error) {
	f.problems = append(f.problems, problems...)
}

// wrongType reports a value that is not of the kind it has to be.
func (f *findings) wrongType(path *field.Path, value json.RawMessage, must string) {
	f.report(field.TypeInvalid(path, shown(value), fmt.Sprintf("is %s: must be %s", kindOf(value), must)))
}

// shown returns a value as a message may show it.
func shown(value json.RawMessage) any {
	const longest = 64
	var text string
	if kindOf(value) == aText && json.Unmarshal(value, &text) == nil {
		return execution.Truncate(text, longest)
	}
	if len(value) > longest {
		return execution.Truncate(string(value), longest)
	}
	return value
}

// An object is a mapping of which each key is taken one by one: a key that is
// wrong does not hide the others, and what has not been taken is unknown. A
// key without a value counts as absent.
type object struct {
	*findings
	path   *field.Path // nil for the whole document
	values map[string]json.RawMessage
	known  []string
}

// A check judges a text: what is wrong with it, if anything.
type check func(path *field.Path, value string) field.ErrorList

func (o *object) child(key string) *field.Path { return o.path.Child(key) }

// take returns the value of a key and whether there is one.
func (o *object) take(key string) (json.RawMessage, bool) {
	o.known = append(o.known, key)
	value, ok := o.values[key]
	return value, ok && kindOf(value) != nothing
}

// close reports the keys that nobody has taken.
func (o *object) close() {
	for _, key := range slices.Sorted(maps.Keys(o.values)) {
		if !slices.Contains(o.known, key) {
			o.report(field.Invalid(o.child(key), field.OmitValueType{}, hint(key, o.known)))
		}
	}
}

// object takes a mapping, and reports whether it is one. An absent one is an
// empty one.
func (o *object) object(key string) (*object, bool) {
	o.declare(key, declaration{kind: aMapping})
	value, ok := o.take(key)
	if !ok {
		return &object{findings: o.findings, path: o.child(key)}, true
	}
	return o.mapping(o.child(key), value)
}

func (f *findings) mapping(path *field.Path, value json.RawMessage) (*object, bool) {
	o := &object{findings: f, path: path}
	if err := json.Unmarshal(value, &o.values); err != nil {
		f.wrongType(path, value, "a mapping")
		return o, false
	}
	return o, true
}

func (f *findings) list(path *field.Path, value json.RawMessage) []json.RawMessage {
	var values []json.RawMessage
	if err := json.Unmarshal(value, &values); err != nil {
		f.wrongType(path, value, "a list")
	}
	return values
}

// text takes a text and has it judged.
func (o *object) text(key, absent string, checks ...check) string {
	o.declare(key, declaration{kind: aText, absent: absent})
	text := absent
	if value, ok := o.take(key); ok {
		if text, ok = o.anyText(o.child(key), value); !ok {
			return ""
		}
	}
	for _, c := range checks {
		o.report(c(o.child(key), text)...)
	}
	return text
}

// anyText reads a text. A number and a truth value, which the predecessor took
// for the text that YAML made of it, are taken with a warning.
func (f *findings) anyText(path *field.Path, value json.RawMessage) (string, bool) {
	switch kindOf(value) {
	case nothing:
		return "", true
	case aText:
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			f.wrongType(path, value, "text")
			return "", false
		}
		return text, true
	case aNumber, aTrueness:
		f.warn(path, "taken as the text %q: put it in quotes", value)
		return string(value), true
	default:
		f.wrongType(path, value, "text")
		return "", false
	}
}

// quoted takes a text that must not be mistaken for a number.
func (o *object) quoted(key string) (text string, ok bool) {
	o.declare(key, declaration{kind: aText})
	value, ok := o.take(key)
	if !ok {
		return "", true
	}
	if kindOf(value) != aText || json.Unmarshal(value, &text) != nil {
		o.wrongType(o.child(key), value, "text in quotes")
		return "", false
	}
	return text, true
}

// number takes a whole number between two bounds.
func (o *object) number(key string, absent, least, most int) int {
	o.declare(key, declaration{kind: aNumber, absent: absent, least: int64(least), most: int64(most)})
	value, ok := o.take(key)
	if !ok {
		return absent
	}
	must := fmt.Sprintf("a whole number from %d to %d", least, most)
	if kindOf(value) != aNumber {
		if kindOf(value) == aText {
			must += ", without quotes"
		}
		o.wrongType(o.child(key), value, must)
		return absent
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(value)))
	if err != nil || n < least || n > most {
		o.report(field.Invalid(o.child(key), shown(value), "must be "+must))
		return absent
	}
	return n
}

// flag takes a truth value.
func (o *object) flag(key string) bool {
	o.declare(key, declaration{kind: aTrueness, absent: false})
	value, ok := o.take(key)
	if !ok {
		return false
	}
	var flag bool
	if err := json.Unmarshal(value, &flag); err != nil {
		o.wrongType(o.child(key), value, "true or false, without quotes")
	}
	return flag
}
