package schema

import (
	"regexp"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A Rule checks a text.
type Rule struct {
	Problems func(text string) []string // of a text that is not empty
	Must     string                     // the problem of an empty text; empty: it is allowed
	// The part of the rule that the JSON schema has.
	Pattern string
	Longest int
}

// The regular expressions of names.
const (
	labelName     = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	Subdomain     = labelName + `(\.` + labelName + `)*`
	QualifiedName = `[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?`
)

// The rules for names in Kubernetes.
var (
	DNSLabel     = Rule{Problems: content.IsDNS1123Label, Pattern: labelName, Longest: 63}
	DNSSubdomain = Rule{Problems: content.IsDNS1123Subdomain, Pattern: Subdomain, Longest: 253}
	LabelValue   = Rule{Problems: content.IsLabelValue, Pattern: QualifiedName, Longest: 63}
)

// Required returns the rule with a problem of an empty text.
func (r Rule) Required(must string) Rule {
	r.Must = must
	return r
}

// Matching is the rule of a regular expression. must describes it in words.
func Matching(pattern, must string) Rule {
	whole := regexp.MustCompile("^(?:" + pattern + ")$")
	return Rule{Pattern: pattern, Problems: func(text string) []string {
		if whole.MatchString(text) {
			return nil
		}
		return []string{must}
	}}
}

// Check reports the problems of a text according to a rule.
func (f *Findings) Check(at *field.Path, text string, r Rule) {
	switch {
	case text == "" && r.Must != "":
		f.Report(field.Required(at, r.Must))
	case text != "" && r.Problems != nil:
		f.ReportAll(at, text, r.Problems(text))
	}
}

// ReportAll reports several problems of one text.
func (f *Findings) ReportAll(at *field.Path, text string, messages []string) {
	for _, message := range messages {
		f.Report(field.Invalid(at, text, message))
	}
}
