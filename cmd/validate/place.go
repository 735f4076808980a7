package validate

import (
	"regexp"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/batch-job-controller/batch-job-controller/cmd/validate/manifest"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/podtext"
)

// places finds the lines of findings.
type places struct {
	values       map[string]manifest.Value
	config       *yamlv3.Node
	templatePath string       // of a textual template
	template     *yamlv3.Node // the rendered template
	lines        []int        // the line of the template for each rendered line
}

func newPlaces(in Input) places {
	p := places{values: in.Values, templatePath: config.PodTemplateKey}
	if n := in.NodeCronJob; n != nil {
		p.values = map[string]manifest.Value{config.ConfigKey: {File: n.File, Line: lineFrom(n.Object.Line)}}
		p.config, p.templatePath = n.Object, textTemplatePath
		if text := manifest.Entry(manifest.Entry(n.Object, "spec"), "podTemplate"); text != nil && text.Kind == yamlv3.ScalarNode {
			p.values[config.PodTemplateKey] = manifest.Value{Text: text.Value, File: n.File, Line: manifest.LineWithin(text)}
		}
	} else if v, ok := in.Values[config.ConfigKey]; ok {
		p.config = manifest.Parse(v.Text)
	}
	if v, ok := p.values[config.PodTemplateKey]; ok {
		rendered, lines, err := podtext.Trace(v.Text)
		if p.lines = lines; err == nil {
			p.template = manifest.Parse(rendered)
		}
	}
	return p
}

// lineFrom returns lines of a file as they are, but no line before that of an object.
func lineFrom(first int) func(int) int {
	return func(line int) int { return max(line, first) }
}

// Positions in messages. The template engine counts lines of the template, and the
// YAML parser lines of the rendered text.
var (
	templateLine = regexp.MustCompile(`^template: pod-template\.yaml:(\d+)(:\d+)?: (executing "pod-template\.yaml" )?`)
	yamlLine     = regexp.MustCompile(`^(?:error converting YAML to JSON: )?(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): `)
	anyLine      = regexp.MustCompile(`\bline (\d+)\b`)
	quotedPath   = regexp.MustCompile(`^(?:unknown|duplicate) field "([^"]+)"`)
	ownPath      = regexp.MustCompile(`^spec\.containers: `)
)

// at returns a finding for a path of package config.
func (p places) at(path, message string) Finding {
	if rest, ok := cutKey(path, p.templatePath); ok {
		return p.inTemplate(rest, message)
	}
	if rest, ok := cutKey(path, config.ConfigKey); ok {
		path = rest
	}
	return p.inConfig(path, message)
}

// cutKey removes the key of the ConfigMap from a path.
func cutKey(path, key string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, key)
	if !ok || (rest != "" && rest[0] != '.' && rest[0] != '[') {
		return path, false
	}
	return strings.TrimPrefix(rest, "."), true
}

func (p places) inConfig(path, message string) Finding {
	v, ok := p.values[config.ConfigKey]
	if !ok || path == "clock" {
		return p.elsewhere(path, config.ConfigKey, message)
	}
	line := manifest.Locate(p.config, path)
	if path == "" {
		message, line = cutLine(message)
	}
	return Finding{File: v.File, Line: v.At(max(line, 1)), Path: path, Message: message}
}

func (p places) inTemplate(path, message string) Finding {
	v, ok := p.values[config.PodTemplateKey]
	if !ok {
		return p.elsewhere(path, config.PodTemplateKey, message)
	}
	f := Finding{File: v.File, Path: path}
	kind, detail, _ := strings.Cut(message, ": ")
	switch m := templateLine.FindStringSubmatch(detail); {
	case path != "":
		f.Message, f.Line = message, p.origin(manifest.Locate(p.template, path))
	case m != nil:
		f.Message = kind + ": " + detail[len(m[0]):]
		f.Line, _ = strconv.Atoi(m[1]) // digits; one that is too large is no line
	default:
		var line int
		f.Message, line = cutLine(message)
		if line == 0 {
			line = manifest.Locate(p.template, pathIn(detail))
		}
		f.Line = p.origin(line)
	}
	f.Line = v.At(max(f.Line, 1))
	if p.templatePath != config.PodTemplateKey { // the file has other paths, too
		f.Path = strings.TrimSuffix(p.templatePath+"."+path, ".")
	}
	return f
}

// elsewhere returns a finding for a path outside of the files.
func (p places) elsewhere(path, key, message string) Finding {
	v, ok := p.values[config.ConfigKey]
	if !ok {
		v, ok = p.values[config.PodTemplateKey]
	}
	if ok && path == "" {
		return Finding{File: v.File, Line: max(v.At(0), 1), Path: key, Message: message}
	}
	return Finding{Path: path, Message: message}
}

// origin returns the line of the template for a rendered line.
func (p places) origin(line int) int {
	if line < 1 || line > len(p.lines) {
		return line
	}
	return p.lines[line-1]
}

// cutLine returns the line in a message, and removes it if the message begins with it.
func cutLine(message string) (rest string, line int) {
	kind, detail, _ := strings.Cut(message, ": ")
	if m := yamlLine.FindStringSubmatch(detail); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits; one that is too large is no line
		return kind + ": " + strings.TrimSpace(detail[len(m[0]):]), line
	}
	if m := anyLine.FindStringSubmatch(detail); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits; one that is too large is no line
	}
	return message, line
}

// pathIn returns the path in a message of the decoder.
func pathIn(detail string) string {
	if m := quotedPath.FindStringSubmatch(detail); m != nil {
		return m[1]
	}
	return strings.TrimSuffix(ownPath.FindString(detail), ": ")
}
