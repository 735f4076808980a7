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

// What is written as text or a number, and is neither.
const (
	kindDuration document.Kind = "a duration"
	kindSize     document.Kind = "a size"
)

// A value is what a key takes, and where that goes.
type value struct {
	target any // a pointer to that
	// read takes what is given, nil if that is nothing. What is wrong becomes a
	// problem of the path, and hides no other.
	read func(f *findings, at *field.Path, given any)

	// The rest is what read goes by, for the documentation and the JSON schema.
	kind        document.Kind
	absent      any      // what read assumes if nothing is given
	inWords     string   // the same in Markdown, if absent does not say it
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

// absentIs says what an absent one stands for.
func (v value) absentIs(inWords string) value {
	v.inWords = inWords
	return v
}

func (v value) between(least, most int64) value {
	v.least, v.most = least, most
	return v
}

// then has a check look at what has been read.
func (v value) then(check func(f *findings, at *field.Path)) value {
	read := v.read
	v.read = func(f *findings, at *field.Path, given any) {
		read(f, at, given)
		check(f, at)
	}
	return v
}

// scalar is a value that take reads if one is given.
func scalar[T any](kind document.Kind, to *T, absent T, take func(f *findings, at *field.Path, given any) T) value {
	return value{kind: kind, target: to, absent: absent, read: func(f *findings, at *field.Path, given any) {
		if *to = absent; given != nil {
			*to = take(f, at, given)
		}
	}}
}

// text is a text that a rule judges. One that is required is judged if it is
// absent, too.
func text(to *string, absent string, r rule) value {
	return value{kind: document.Text, target: to, absent: absent, rule: r, read: func(f *findings, at *field.Path, given any) {
		if *to = absent; given == nil && r.must == "" {
			return
		}
		var ok bool
		if *to, ok = f.text(at, given); ok {
			f.judge(at, *to, r)
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

// word is one of several words. The first is assumed.
func word[T ~string](to *T, words ...T) value {
	var texts []string
	for _, w := range words {
		texts = append(texts, string(w))
	}
	v := scalar(document.Text, to, words[0], func(f *findings, at *field.Path, given any) T {
		if given == false && texts[0] == wordOff { // what an off without quotes is to YAML
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

// boolean is true or false. False is assumed.
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

// size is a number of bytes as Kubernetes writes it. 0 is assumed.
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

// duration is one such as 10s, or a whole number of seconds with a warning.
func duration(to *time.Duration, absent, least, most time.Duration) value {
	return durationOf(to, absent, least, most, inSeconds)
}

// inSeconds keeps a number out of range that is.
func inSeconds(n int64) time.Duration {
	return time.Duration(min(max(n, -1), int64(maxDuration/time.Second)+1)) * time.Second
}

// durationOf counts a number without a unit by bare.
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

// object is a mapping of keys. Each is read, and what is none of them is
// reported. An absent mapping is an empty one.
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
