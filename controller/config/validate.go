package config

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// required refuses an empty text.
func required(detail string) check {
	return func(p *field.Path, value string) field.ErrorList {
		if value == "" {
			return field.ErrorList{field.Required(p, detail)}
		}
		return nil
	}
}

// follows judges a text by a rule.
func follows(rule func(string) []string) check {
	return func(p *field.Path, value string) field.ErrorList {
		return invalid(p, value, rule(value))
	}
}

// unlessEmpty judges a text by a rule, if there is a text.
func unlessEmpty(rule func(string) []string) check {
	return func(p *field.Path, value string) field.ErrorList {
		if value == "" {
			return nil
		}
		return invalid(p, value, rule(value))
	}
}

func invalid(p *field.Path, value string, messages []string) field.ErrorList {
	var problems field.ErrorList
	for _, message := range messages {
		problems = append(problems, field.Invalid(p, value, message))
	}
	return problems
}

// Directories that the controller must not write into, nor serve: with all
// below them, or alone.
var (
	forbiddenTrees = []string{"/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run/secrets",
		"/sbin", "/sys", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin", "/var/run/secrets"}
	forbiddenDirectories = []string{"/", "/home", "/opt", "/root", "/run", "/usr", "/var", "/var/lib", "/var/run"}
)

// reportDirectoryProblems judges the path. What is there, if anything, is for
// the report store to find out.
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

// The ports that the controller listens on besides that of the callbacks.
const (
	reportPort  = 8080
	healthPort  = 9152
	metricsPort = 9153
)

func checkCallbackPort(p *field.Path, port int) field.ErrorList {
	if port == reportPort || port == healthPort || port == metricsPort {
		return field.ErrorList{field.Invalid(p, port,
			fmt.Sprintf("is taken: the controller serves reports on %d, health on %d and metrics on %d", reportPort, healthPort, metricsPort))}
	}
	return nil
}
