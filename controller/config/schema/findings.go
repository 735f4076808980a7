package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
)

// Findings collects the warnings and problems of a configuration.
type Findings struct {
	Warnings []string
	Problems Problems
}

// Warn adds a warning about a value that works.
func (f *Findings) Warn(path *field.Path, format string, args ...any) {
	f.Warnings = append(f.Warnings, path.String()+": "+fmt.Sprintf(format, args...))
}

// Report adds problems.
func (f *Findings) Report(problems ...*field.Error) {
	f.Problems = append(f.Problems, problems...)
}

// Has reports whether a path has a problem.
func (f *Findings) Has(path *field.Path) bool {
	return slices.ContainsFunc(f.Problems, func(p *field.Error) bool { return p.Field == path.String() })
}

// WrongType reports a value of the wrong kind.
func (f *Findings) WrongType(path *field.Path, given any, must string) {
	f.Report(field.TypeInvalid(path, document.Shown(given), fmt.Sprintf("is %s: must be %s", document.KindOf(given), must)))
}

// object returns the entries of a mapping, and whether the value is one. An absent mapping
// has no entries.
func (f *Findings) object(path *field.Path, given any) (map[string]any, bool) {
	entries, ok := given.(map[string]any)
	if !ok && given != nil {
		f.WrongType(path, given, string(document.Mapping))
		return nil, false
	}
	return entries, true
}

// List returns the entries of a list.
func (f *Findings) List(path *field.Path, given any) []any {
	entries, ok := given.([]any)
	if !ok && given != nil {
		f.WrongType(path, given, string(document.List))
	}
	return entries
}

// Text returns a text, and whether the value is one. It accepts numbers and booleans as
// text, with a warning: the predecessor accepted them.
func (f *Findings) Text(path *field.Path, given any) (text string, ok bool) {
	switch v := given.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number, bool:
		text = fmt.Sprint(v)
		f.Warn(path, "taken as the text %q: put it in quotes", text)
		return text, true
	default:
		f.WrongType(path, given, string(document.Text))
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

// OrNil returns nil for an empty list, which would otherwise be a non-nil error.
func (p Problems) OrNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
