package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
)

// Kinds of values that are written as text or a number.
const (
	KindDuration document.Kind = "a duration"
	KindSize     document.Kind = "a size"
)

// A Value says what the value of a key may be, and reads it into a field.
type Value struct {
	Target any // a pointer to the field
	// Read reads what is given, nil for an absent key. A problem gets the path, and does
	// not keep other problems from being found.
	Read func(f *Findings, at *field.Path, given any)

	// The rest describes Read, for the documentation and the JSON schema.
	Kind        document.Kind
	Absent      any      // the default
	InWords     string   // the default in Markdown, where Absent does not express it
	Least, Most int64    // of a number, a size, or a duration
	Words       []string // of which a text must be one
	Rule        Rule     // of a text
	Keys        []Key    // of a mapping
	Each        *Key     // entry of a list, or of a mapping by names that people choose
}

// ReloadPolicy says from when on a change of a key applies.
type ReloadPolicy string

// A Key is a key of a mapping.
type Key struct {
	Name    string
	Applies ReloadPolicy // empty: of a mapping of other keys, or of a key without effect
	Value   Value
	Help    string // in Markdown
}

// KeyOf returns a key.
func KeyOf(name string, applies ReloadPolicy, v Value, help string) Key {
	return Key{name, applies, v, help}
}

// AbsentIs sets the description of the default.
func (v Value) AbsentIs(inWords string) Value {
	v.InWords = inWords
	return v
}

func (v Value) between(least, most int64) Value {
	v.Least, v.Most = least, most
	return v
}

// Then adds a check that runs after the value was read.
func (v Value) Then(check func(f *Findings, at *field.Path)) Value {
	read := v.Read
	v.Read = func(f *Findings, at *field.Path, given any) {
		read(f, at, given)
		check(f, at)
	}
	return v
}

// scalar is a value that parse reads, unless the key is absent.
func scalar[T any](kind document.Kind, to *T, absent T, parse func(f *Findings, at *field.Path, given any) T) Value {
	return Value{Kind: kind, Target: to, Absent: absent, Read: func(f *Findings, at *field.Path, given any) {
		if *to = absent; given != nil {
			*to = parse(f, at, given)
		}
	}}
}

// Text is a text with a rule. A required text that is absent is a problem.
func Text(to *string, absent string, r Rule) Value {
	return Value{Kind: document.Text, Target: to, Absent: absent, Rule: r, Read: func(f *Findings, at *field.Path, given any) {
		if *to = absent; given == nil && r.Must == "" {
			return
		}
		var ok bool
		if *to, ok = f.Text(at, given); ok {
			f.Check(at, *to, r)
		}
	}}
}

// QuotedText is a text that must not be mistaken for a number.
func QuotedText(to *string) Value {
	return scalar(document.Text, to, "", func(f *Findings, at *field.Path, given any) string {
		s, ok := given.(string)
		if !ok {
			f.WrongType(at, given, "text in quotes")
		}
		return s
	})
}

// Word is one of several words. The first is the default.
func Word[T ~string](to *T, words ...T) Value {
	var texts []string
	for _, w := range words {
		texts = append(texts, string(w))
	}
	v := scalar(document.Text, to, words[0], func(f *Findings, at *field.Path, given any) T {
		if given == false && texts[0] == Off { // YAML reads an off without quotes as false
			return words[0]
		}
		s, ok := f.Text(at, given)
		i := slices.Index(texts, s)
		if ok && i < 0 {
			f.Report(field.NotSupported(at, s, texts))
		}
		return words[max(i, 0)]
	})
	v.Words = texts
	return v
}

// Off is a word that YAML reads as false if it has no quotes.
const Off = "off"

// Boolean is true or false. False is the default.
func Boolean(to *bool) Value {
	return scalar(document.Bool, to, false, func(f *Findings, at *field.Path, given any) bool {
		b, ok := given.(bool)
		if !ok {
			f.WrongType(at, given, "true or false, without quotes")
		}
		return b
	})
}

// Number is a whole number between two bounds.
func Number[T int | int32](to *T, absent, least, most T) Value {
	must := fmt.Sprintf("a whole number from %d to %d", least, most)
	return scalar(document.Number, to, absent, func(f *Findings, at *field.Path, given any) T {
		switch n := given.(type) {
		case json.Number:
			if i, err := n.Int64(); err == nil && int64(least) <= i && i <= int64(most) {
				return T(i)
			}
			f.Report(field.Invalid(at, document.Shown(given), "must be "+must))
		case string:
			f.WrongType(at, given, must+", without quotes")
		default:
			f.WrongType(at, given, must)
		}
		return absent
	}).between(int64(least), int64(most))
}

// Size is a number of bytes, as a Kubernetes quantity. 0 is the default.
func Size[T int | int64](to *T, least, most int64) Value {
	bytesOf := func(n int64) string { return resource.NewQuantity(n, resource.BinarySI).String() }
	must := fmt.Sprintf("a size from %s to %s, such as 64Ki or 32Mi", bytesOf(least), bytesOf(most))
	return scalar(KindSize, to, 0, func(f *Findings, at *field.Path, given any) T {
		if kind := document.KindOf(given); kind != document.Text && kind != document.Number {
			f.WrongType(at, given, must)
			return 0
		}
		text := fmt.Sprint(given)
		quantity, err := resource.ParseQuantity(text)
		n := quantity.Value() // rounded up
		if err == nil && quantity.CmpInt64(n) == 0 && least <= n && n <= most {
			return T(n)
		}
		detail := "must be " + must
		if short, ok := strings.CutSuffix(text, "iB"); ok {
			detail += fmt.Sprintf(": did you mean %si?", short)
		}
		f.Report(field.Invalid(at, document.Shown(given), detail))
		return 0
	}).between(least, most)
}

// MaxDuration is the longest duration of a configuration.
const MaxDuration = 1_000 * time.Hour

// Duration is a duration such as 10s, or a whole number of seconds with a warning.
func Duration(to *time.Duration, absent, least, most time.Duration) Value {
	return DurationOf(to, absent, least, most, InSeconds)
}

// InSeconds returns n seconds without overflow: a number that is out of range stays so.
func InSeconds(n int64) time.Duration {
	return time.Duration(min(max(n, -1), int64(MaxDuration/time.Second)+1)) * time.Second
}

// DurationOf is a duration, or a number without a unit, which bare converts.
func DurationOf(to *time.Duration, absent, least, most time.Duration, bare func(int64) time.Duration) Value {
	must := fmt.Sprintf("must be a duration from %s to %s, such as 10s or 1h30m", least, most)
	return scalar(KindDuration, to, absent, func(f *Findings, at *field.Path, given any) (d time.Duration) {
		var err error
		switch g := given.(type) {
		case string:
			d, err = time.ParseDuration(g)
		case json.Number:
			var n int64
			if n, err = g.Int64(); err == nil {
				d = bare(n)
				f.Warn(at, "%d has no unit and is taken as %s: write %s", n, d, d)
			}
		default:
			f.WrongType(at, given, "a duration, such as 10s")
			return absent
		}
		if err != nil || d < least || d > most {
			f.Report(field.Invalid(at, document.Shown(given), must))
		}
		return d
	}).between(int64(least), int64(most))
}

// Object is a mapping of keys. Each key is read, and an unknown key is a problem. An
// absent mapping is empty.
func Object(keys ...Key) Value {
	return Value{Kind: document.Mapping, Keys: keys, Read: func(f *Findings, at *field.Path, given any) {
		entries, ok := f.object(at, given)
		if !ok {
			return
		}
		var names []string
		for _, k := range keys {
			k.Value.Read(f, at.Child(k.Name), entries[k.Name])
			names = append(names, k.Name)
		}
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			if !slices.Contains(names, name) {
				f.Report(field.Invalid(at.Child(name), field.OmitValueType{}, document.UnknownKey(name, names)))
			}
		}
	}}
}
