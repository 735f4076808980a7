package config

import (
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

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

// reportDirectory is a directory that the environment may override. Then the one in the
// ConfigMap is not checked.
func reportDirectory(to *string, env Env) schema.Value {
	return schema.Text(to, defaultReportDirectory, schema.Rule{}).Then(func(f *schema.Findings, at *field.Path) {
		if env.ReportDirectory != "" {
			*to = env.ReportDirectory
		} else if !f.Has(at) {
			f.ReportAll(at, *to, reportDirectoryProblems(*to))
		}
		*to = path.Clean(*to)
	})
}
