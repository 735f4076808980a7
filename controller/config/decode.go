package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Problems are all errors of a configuration. Each has the path, the value, and what would
// be right.
type Problems = schema.Problems

// Decode reads the data of the ConfigMap. Its error is of type Problems and has all
// problems. Warnings are about values that work but should be written differently.
//
// The ConfigMap has no definition if it has neither a schedule nor a pod template; if one of
// the two is missing, that is a problem.
//
// Whether a schedule ever fires depends on now. A clock that is years behind is a problem
// too, because execution IDs have to increase.
func Decode(data map[string]string, env Env, now time.Time) (c Config, warnings []string, err error) {
	f := &schema.Findings{}
	if oldest := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); now.Before(oldest) {
		f.Report(field.Invalid(field.NewPath("clock"), now.UTC().Format(time.RFC3339), "must not be before 2020: set the clock of the node"))
	}
	c.HasDefinition = true
	if text, ok := textOf(f, data, ConfigKey); ok {
		if values := valuesOf(f, text); len(values) > 0 {
			_, hasTemplate := data[PodTemplateKey]
			c.HasDefinition = hasTemplate || values["cronExpression"] != nil
			c.read(f, values, env, now)
		}
	}
	if c.HasDefinition {
		if text, ok := textOf(f, data, PodTemplateKey); ok {
			c.PodTemplate = readPodTemplate(f, field.NewPath(PodTemplateKey), text)
		}
		reportMirror(f, c.Definition)
	}
	if err := f.Problems.OrNil(); err != nil {
		return Config{}, f.Warnings, err
	}
	c.Hash = Hash(data)
	return c, f.Warnings, nil
}

// read reads the values in config.yaml.
func (c *Config) read(f *schema.Findings, values map[string]any, env Env, now time.Time) {
	if c.HasDefinition {
		schema.Object(keys(&c.Controller, &c.Definition, env)...).Read(f, nil, values)
		agreeOnDefinition(f, nil, &c.Definition, now)
	} else {
		schema.Object(keysWithoutDefinition(&c.Controller, env)...).Read(f, nil, values)
	}
	agreeOnController(f, &c.Controller)
}

// textOf returns one of the two values of the ConfigMap.
func textOf(f *schema.Findings, data map[string]string, key string) (string, bool) {
	text, ok := data[key]
	if !ok {
		detail := "the ConfigMap has no such key"
		if present := slices.Sorted(maps.Keys(data)); len(present) > 0 {
			detail += ", only " + strings.Join(present, ", ")
		}
		f.Report(field.Required(field.NewPath(key), detail))
	}
	return text, ok
}

// valuesOf returns the values in config.yaml by key, none if it is not a mapping.
func valuesOf(f *schema.Findings, text string) map[string]any {
	at := field.NewPath(ConfigKey)
	value, problems := document.Read(text, at)
	f.Report(problems...)
	values, ok := value.(map[string]any)
	switch {
	case value != nil && !ok:
		f.Report(field.Invalid(at, field.OmitValueType{}, fmt.Sprintf("is %s: must be a mapping such as \"name: example\"", document.KindOf(value))))
	case len(values) == 0 && len(problems) == 0:
		f.Report(field.Required(at, "is empty: must be a mapping with at least name"))
	}
	return values
}

// readPodTemplate returns the text of a pod template without byte order marks.
func readPodTemplate(f *schema.Findings, at *field.Path, text string) string {
	text = strings.TrimLeft(text, "\ufeff")
	switch {
	case strings.TrimSpace(text) == "":
		f.Report(field.Required(at, "is empty: must be the template of a Pod"))
	case !utf8.ValidString(text):
		f.Report(field.Invalid(at, field.OmitValueType{}, "must be UTF-8 text"))
	default:
		warnings, problems := jobspec.Validate(text, at)
		f.Warnings = append(f.Warnings, warnings...)
		f.Report(problems...)
	}
	return text
}

// Hash returns a hash of the data of the ConfigMap. It includes the length of the first
// value: otherwise text could move from one value to the other without a new hash.
func Hash(data map[string]string) string {
	config, podTemplate := data[ConfigKey], data[PodTemplateKey]
	return shortHash([]byte(strconv.Itoa(len(config)) + "\n" + config + podTemplate))
}

func shortHash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}
