package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
)

// findings is what a decoding comes upon.
type findings struct {
	env      Env // that it is decoded in
	warnings []string
	problems field.ErrorList
}

func (f *findings) warn(path *field.Path, format string, args ...any) {
	f.warnings = append(f.warnings, path.String()+": "+fmt.Sprintf(format, args...))
}

func (f *findings) report(problems ...*field.Error) {
	f.problems = append(f.problems, problems...)
}

// has reports whether there is a problem of a path.
func (f *findings) has(path *field.Path) bool {
	return slices.ContainsFunc(f.problems, func(p *field.Error) bool { return p.Field == path.String() })
}

// wrongType reports a value that is not of the kind it has to be.
func (f *findings) wrongType(path *field.Path, given any, must string) {
	f.report(field.TypeInvalid(path, document.Shown(given), fmt.Sprintf("is %s: must be %s", document.KindOf(given), must)))
}

// object returns the entries of a mapping, and whether it is one. What is absent
// has none.
func (f *findings) object(path *field.Path, given any) (map[string]any, bool) {
	entries, ok := given.(map[string]any)
	if !ok && given != nil {
		f.wrongType(path, given, string(document.Mapping))
		return nil, false
	}
	return entries, true
}

// list returns the entries of a list.
func (f *findings) list(path *field.Path, given any) []any {
	entries, ok := given.([]any)
	if !ok && given != nil {
		f.wrongType(path, given, string(document.List))
	}
	return entries
}

// text returns a text, and whether it is one. A number and a boolean, which the
// predecessor took for the text that YAML made of it, are taken with a warning.
func (f *findings) text(path *field.Path, given any) (text string, ok bool) {
	switch v := given.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number, bool:
		text = fmt.Sprint(v)
		f.warn(path, "taken as the text %q: put it in quotes", text)
		return text, true
	default:
		f.wrongType(path, given, string(document.Text))
		return "", false
	}
}

// Problems is everything that is wrong, one line each: where, what it says,
// and what would be right.
type Problems field.ErrorList

// Error returns all problems, one a line.
func (p Problems) Error() string { return strings.Join(p.Lines(), "\n") }

// maxLines keeps a file that is no configuration at all from flooding a log.
const maxLines = 100

// Lines returns the problems one by one. Of very many it returns the first.
func (p Problems) Lines() []string {
	var lines []string
	for i, problem := range p {
		if i == maxLines {
			return append(lines, fmt.Sprintf("and %d more", len(p)-maxLines))
		}
		lines = append(lines, problem.Error())
	}
	return lines
}

// orNil keeps an empty list from becoming an error that is not nil.
func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
