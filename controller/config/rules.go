package config

import (
	"net/netip"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A rule checks a text.
type rule struct {
	problems func(text string) []string // of a text that is not empty
	must     string                     // the problem of an empty text; empty: it is allowed
	// The part of the rule that the JSON schema has.
	pattern string
	longest int
}

const (
	labelName     = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	subdomain     = labelName + `(\.` + labelName + `)*`
	qualifiedName = `[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?`
)

var (
	dnsLabel     = rule{problems: content.IsDNS1123Label, pattern: labelName, longest: 63}
	dnsSubdomain = rule{problems: content.IsDNS1123Subdomain, pattern: subdomain, longest: 253}
	labelValue   = rule{problems: content.IsLabelValue, pattern: qualifiedName, longest: 63}
	ipAddress    = rule{problems: addressProblems}
	directory    = rule{problems: reportDirectoryProblems}
)

// required returns the rule with a problem of an empty text.
func (r rule) required(must string) rule {
	r.must = must
	return r
}

// check reports the problems of a text according to a rule.
func (f *findings) check(at *field.Path, text string, r rule) {
	switch {
	case text == "" && r.must != "":
		f.report(field.Required(at, r.must))
	case text != "" && r.problems != nil:
		f.reportAll(at, text, r.problems(text))
	}
}

// reportAll reports several problems of one text.
func (f *findings) reportAll(at *field.Path, text string, messages []string) {
	for _, message := range messages {
		f.report(field.Invalid(at, text, message))
	}
}

const defaultReportDirectory = "/var/www"

// Directories that the controller must neither write into nor serve: forbiddenTrees
// include everything below them.
var (
	forbiddenTrees = []string{"/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run/secrets",
		"/sbin", "/sys", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin", "/var/run/secrets"}
	forbiddenDirectories = []string{"/", "/home", "/opt", "/root", "/run", "/usr", "/var", "/var/lib", "/var/run"}
)

// reportDirectoryProblems checks the path only. The report store checks the directory.
func reportDirectoryProblems(value string) []string {
	if !path.IsAbs(value) {
		return []string{"must be an absolute path, such as " + defaultReportDirectory}
	}
	cleaned := path.Clean(value)
	if slices.Contains(forbiddenDirectories, cleaned) || slices.ContainsFunc(forbiddenTrees, func(tree string) bool {
		return cleaned == tree || strings.HasPrefix(cleaned, tree+"/")
	}) {
		return []string{"must be a directory of its own, such as " + defaultReportDirectory + ", not one of the system"}
	}
	return nil
}

func addressProblems(value string) []string {
	if _, err := netip.ParseAddr(value); err != nil {
		return []string{"must be an IP address"}
	}
	return nil
}
