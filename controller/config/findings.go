package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
)

// findings collects the warnings and problems of a configuration.
type findings struct {
	env      Env // of the controller, which some values depend on
	warnings []string
	problems field.ErrorList
}

func (f *findings) warn(path *field.Path, format string, args ...any) {
	f.warnings = append(f.warnings, path.String()+": "+fmt.Sprintf(format, args...))
}

func (f *findings) report(problems ...*field.Error) {
	f.problems = append(f.problems, problems...)
}

// has reports whether a path has a problem.
func (f *findings) has(path *field.Path) bool {
	return slices.ContainsFunc(f.problems, func(p *field.Error) bool { return p.Field == path.String() })
}

// wrongType reports a value of the wrong kind.
func (f *findings) wrongType(path *field.Path, given any, must string) {
	f.report(field.TypeInvalid(path, document.Shown(given), fmt.Sprintf("is %s: must be %s", document.KindOf(given), must)))
}

// object returns the entries of a mapping, and whether the value is one. An absent mapping
// has no entries.
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

// text returns a text, and whether the value is one. It accepts numbers and booleans as
// text, with a warning: the predecessor accepted them.
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

// Problems are all errors of a configuration. Each has the path, the value, and what would
// be right.
type Problems field.ErrorList

// Error returns all problems, one a line.
func (p Problems) Error() string { return strings.Join(p.Lines(), "\n") }

// maxLines keeps a file that is not a configuration from flooding a log.
const maxLines = 100

// Lines returns the problems, one each, up to maxLines.
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

// orNil returns nil for an empty list, which would otherwise be a non-nil error.
func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
