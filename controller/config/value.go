package config

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
	kindDuration document.Kind = "a duration"
	kindSize     document.Kind = "a size"
)

// A value says what the value of a key may be, and reads it into a field.
type value struct {
	target any // a pointer to the field
	// read reads what is given, nil for an absent key. A problem gets the path, and does
	// not keep other problems from being found.
	read func(f *findings, at *field.Path, given any)

	// The rest describes read, for the documentation and the JSON schema.
	kind        document.Kind
	absent      any      // the default
	inWords     string   // the default in Markdown, where absent does not express it
	least, most int64    // of a number, a size, or a duration
	words       []string // of which a text must be one
	rule        rule     // of a text
	keys        []key    // of a mapping
	each        *key     // entry of a list, or of a mapping by names that people choose
}

// A key is a key of a mapping.
type key struct {
	name    string
	applies ReloadPolicy // empty: of a mapping of other keys, or of a key without effect
	value   value
	help    string // in Markdown
}

// absentIs sets the description of the default.
func (v value) absentIs(inWords string) value {
	v.inWords = inWords
	return v
}

func (v value) between(least, most int64) value {
	v.least, v.most = least, most
	return v
}

// then adds a check that runs after the value was read.
func (v value) then(check func(f *findings, at *field.Path)) value {
	read := v.read
	v.read = func(f *findings, at *field.Path, given any) {
		read(f, at, given)
		check(f, at)
	}
	return v
}

// scalar is a value that parse reads, unless the key is absent.
func scalar[T any](kind document.Kind, to *T, absent T, parse func(f *findings, at *field.Path, given any) T) value {
	return value{kind: kind, target: to, absent: absent, read: func(f *findings, at *field.Path, given any) {
		if *to = absent; given != nil {
			*to = parse(f, at, given)
		}
	}}
}

// text is a text with a rule. A required text that is absent is a problem.
func text(to *string, absent string, r rule) value {
	return value{kind: document.Text, target: to, absent: absent, rule: r, read: func(f *findings, at *field.Path, given any) {
		if *to = absent; given == nil && r.must == "" {
			return
		}
		var ok bool
		if *to, ok = f.text(at, given); ok {
			f.check(at, *to, r)
		}
	}}
}

// quotedText is a text that must not be mistaken for a number.
func quotedText(to *string) value {
	return scalar(document.Text, to, "", func(f *findings, at *field.Path, given any) string {
		s, ok := given.(string)
		if !ok {
			f.wrongType(at, given, "text in quotes")
		}
		return s
	})
}

// word is one of several words. The first is the default.
func word[T ~string](to *T, words ...T) value {
	var texts []string
	for _, w := range words {
		texts = append(texts, string(w))
	}
	v := scalar(document.Text, to, words[0], func(f *findings, at *field.Path, given any) T {
		if given == false && texts[0] == wordOff { // YAML reads an off without quotes as false
			return words[0]
		}
		s, ok := f.text(at, given)
		i := slices.Index(texts, s)
		if ok && i < 0 {
			f.report(field.NotSupported(at, s, texts))
		}
		return words[max(i, 0)]
	})
	v.words = texts
	return v
}

const wordOff = "off"

// boolean is true or false. False is the default.
func boolean(to *bool) value {
	return scalar(document.Bool, to, false, func(f *findings, at *field.Path, given any) bool {
		b, ok := given.(bool)
		if !ok {
			f.wrongType(at, given, "true or false, without quotes")
		}
		return b
	})
}

// number is a whole number between two bounds.
func number[T int | int32](to *T, absent, least, most T) value {
	must := fmt.Sprintf("a whole number from %d to %d", least, most)
	return scalar(document.Number, to, absent, func(f *findings, at *field.Path, given any) T {
		switch n := given.(type) {
		case json.Number:
			if i, err := n.Int64(); err == nil && int64(least) <= i && i <= int64(most) {
				return T(i)
			}
			f.report(field.Invalid(at, document.Shown(given), "must be "+must))
		case string:
			f.wrongType(at, given, must+", without quotes")
		default:
			f.wrongType(at, given, must)
		}
		return absent
	}).between(int64(least), int64(most))
}

// size is a number of bytes, as a Kubernetes quantity. 0 is the default.
func size[T int | int64](to *T, least, most int64) value {
	bytesOf := func(n int64) string { return resource.NewQuantity(n, resource.BinarySI).String() }
	must := fmt.Sprintf("a size from %s to %s, such as 64Ki or 32Mi", bytesOf(least), bytesOf(most))
	return scalar(kindSize, to, 0, func(f *findings, at *field.Path, given any) T {
		if kind := document.KindOf(given); kind != document.Text && kind != document.Number {
			f.wrongType(at, given, must)
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
		f.report(field.Invalid(at, document.Shown(given), detail))
		return 0
	}).between(least, most)
}

const maxDuration = 1_000 * time.Hour

// duration is a duration such as 10s, or a whole number of seconds with a warning.
func duration(to *time.Duration, absent, least, most time.Duration) value {
	return durationOf(to, absent, least, most, inSeconds)
}

// inSeconds returns n seconds without overflow: a number that is out of range stays so.
func inSeconds(n int64) time.Duration {
	return time.Duration(min(max(n, -1), int64(maxDuration/time.Second)+1)) * time.Second
}

// durationOf is a duration, or a number without a unit, which bare converts.
func durationOf(to *time.Duration, absent, least, most time.Duration, bare func(int64) time.Duration) value {
	must := fmt.Sprintf("must be a duration from %s to %s, such as 10s or 1h30m", least, most)
	return scalar(kindDuration, to, absent, func(f *findings, at *field.Path, given any) (d time.Duration) {
		var err error
		switch g := given.(type) {
		case string:
			d, err = time.ParseDuration(g)
		case json.Number:
			var n int64
			if n, err = g.Int64(); err == nil {
				d = bare(n)
				f.warn(at, "%d has no unit and is taken as %s: write %s", n, d, d)
			}
		default:
			f.wrongType(at, given, "a duration, such as 10s")
			return absent
		}
		if err != nil || d < least || d > most {
			f.report(field.Invalid(at, document.Shown(given), must))
		}
		return d
	}).between(int64(least), int64(most))
}

// object is a mapping of keys. Each key is read, and an unknown key is a problem. An
// absent mapping is empty.
func object(keys ...key) value {
	return value{kind: document.Mapping, keys: keys, read: func(f *findings, at *field.Path, given any) {
		entries, ok := f.object(at, given)
		if !ok {
			return
		}
		var names []string
		for _, k := range keys {
			k.value.read(f, at.Child(k.name), entries[k.name])
			names = append(names, k.name)
		}
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			if !slices.Contains(names, name) {
				f.report(field.Invalid(at.Child(name), field.OmitValueType{}, document.UnknownKey(name, names)))
			}
		}
	}}
}
