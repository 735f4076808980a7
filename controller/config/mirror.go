package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/gauge"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

// maxCustom bounds free-form values as JSON, in which aliases are expanded.
const maxCustom = 256 << 10

// mirrorBounds returns how many characters or entries the fields of a NodeCronJob's spec may
// have. In the paths, * stands for a name that people choose, and [] for an entry. Of some,
// config.yaml has no bound but its own size. A test compares them with the custom resource
// definition.
func mirrorBounds() map[string]int {
	return map[string]int{
		"cronExpression":            256,
		"timeZone":                  64,
		"jobServiceAccount":         253,
		"jobNodeSelector":           64,
		"jobImagePullSecrets":       64,
		"metrics.prefix":            128,
		"metrics.gauges":            gauge.Max,
		"metrics.gauges.*.help":     4096,
		"metrics.gauges.*.labels":   gauge.MaxLabels,
		"metrics.gauges.*.labels[]": 128,
		"podTemplate":               256 << 10,
	}
}

// CheckMirror returns what keeps a definition of the ConfigMap from being written into a
// NodeCronJob, with the paths of config.yaml.
func CheckMirror(d Definition) Problems {
	m := mirroring{bounds: mirrorBounds()}
	spec, err := valuesOfSpec(ToResource(d))
	if err != nil {
		m.Report(field.Invalid(field.NewPath(ConfigKey), field.OmitValueType{}, err.Error()))
	}
	for _, name := range slices.Sorted(maps.Keys(spec)) {
		switch value := spec[name]; name {
		case "custom":
			if text, err := json.Marshal(value); err != nil || len(text) > maxCustom {
				m.exceeds(field.NewPath(name), len(text), maxCustom, "bytes as JSON")
			}
		case "podTemplate":
			m.check(field.NewPath(PodTemplateKey), name, value)
		default:
			m.check(field.NewPath(name), name, value)
		}
	}
	return m.Problems
}

// reportMirror reports what CheckMirror returns about fields that have no other problem.
func reportMirror(f *schema.Findings, d Definition) {
	known := slices.Clone(f.Problems)
	for _, p := range CheckMirror(d) {
		if !slices.ContainsFunc(known, func(k *field.Error) bool { return k.Field == p.Field }) {
			f.Report(p)
		}
	}
}

// mirroring checks the values of a spec.
type mirroring struct {
	schema.Findings
	bounds map[string]int
}

// check checks a value and those in it. Names in a mapping with a bound are those that
// people choose.
func (m *mirroring) check(at *field.Path, path string, value any) {
	most, bounded := m.bounds[path]
	switch v := value.(type) {
	case string:
		if n := utf8.RuneCountInString(v); bounded && n > most {
			m.exceeds(at, n, most, "characters")
		}
	case []any:
		if bounded && len(v) > most {
			m.exceeds(at, len(v), most, "entries")
		}
		for i, entry := range v {
			m.check(at.Index(i), path+"[]", entry)
		}
	case map[string]any:
		if bounded && len(v) > most {
			m.exceeds(at, len(v), most, "entries")
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if bounded {
				m.check(at.Key(name), path+".*", v[name])
			} else {
				m.check(at.Child(name), path+"."+name, v[name])
			}
		}
	}
}

func (m *mirroring) exceeds(at *field.Path, has, most int, unit string) {
	m.Report(field.Invalid(at, field.OmitValueType{}, fmt.Sprintf(
		"has %d %s: must have at most %d, as the NodeCronJob that the definition becomes", has, unit, most)))
}
