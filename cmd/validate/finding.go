package validate

import (
	"fmt"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// Finding is a problem or a warning.
type Finding struct {
	File    string // empty: it concerns no file
	Line    int
	Path    string // empty: it concerns the whole file
	Message string
	Warning bool
}

// String formats the finding like a compiler message, so that editors and CI systems
// find the line.
func (f Finding) String() string {
	var b strings.Builder
	if f.File != "" {
		fmt.Fprintf(&b, "%s:%d: ", f.File, f.Line)
	}
	if f.Warning {
		b.WriteString("warning: ")
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	return b.String() + f.Message
}

// before orders findings by file and line.
func (f Finding) before(other Finding) bool {
	if f.File != other.File {
		return f.File < other.File
	}
	return f.Line < other.Line
}

// checking is a check in progress.
type checking struct {
	Result
	places places
}

func (c *checking) problem(path, message string) {
	c.Findings = append(c.Findings, c.places.at(path, message))
}

func (c *checking) warn(path, format string, args ...any) {
	f := c.places.at(path, fmt.Sprintf(format, args...))
	f.Warning = true
	c.Findings = append(c.Findings, f)
}

// key returns the path of a key of a definition: of config.yaml, or of a NodeCronJob.
func (c *checking) key(name string) string {
	if c.Input.NodeCronJob != nil {
		return "spec." + name
	}
	return name
}

// templatePath returns the path of the pod template, of which there is one.
func (c *checking) templatePath() string {
	switch {
	case c.Config.Template != nil:
		return structuredTemplatePath
	case c.Input.NodeCronJob != nil:
		return textTemplatePath
	default:
		return config.PodTemplateKey
	}
}

// The paths of the templates of a NodeCronJob.
const (
	structuredTemplatePath = "spec.template"
	textTemplatePath       = "spec.podTemplate"
)
