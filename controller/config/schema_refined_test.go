package config

import (
	"github.com/batch-job-controller/batch-job-controller/controller/config/gauge"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

// Five fields, or a descriptor.
const cronPattern = `^\s*(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every\s+\S+|[^@\s]\S*(\s+\S+){4})\s*$`

// refinements are the parts of the schema that no key declares, because a check has them.
// The decoder's own tables test that they reject nothing that the decoder accepts.
func refinements() map[string]jsonSchema {
	bounds := mirrorBounds()
	secrets := jsonSchema{"type": []string{"array", "object", "null"}, "maxProperties": 0, "maxItems": bounds["jobImagePullSecrets"]} // the predecessor's chart wrote {}
	needsSecret := jsonSchema{
		"if":   jsonSchema{"properties": jsonSchema{"tls": jsonSchema{"const": "secret"}}, "required": []string{"tls"}},
		"then": jsonSchema{"properties": jsonSchema{"tlsSecret": jsonSchema{"type": "string", "minLength": 1}}, "required": []string{"tlsSecret"}},
	}
	old := func(s jsonSchema) jsonSchema { s["deprecated"] = true; return s }
	some := jsonSchema{"type": "array", "minItems": 1}
	return map[string]jsonSchema{
		"": {"not": jsonSchema{
			"required":   []string{"jobImagePullSecrets", "imagePullSecrets"},
			"properties": jsonSchema{"jobImagePullSecrets": some, "imagePullSecrets": some},
		}},
		"jobImagePullSecrets":        secrets,
		"imagePullSecrets":           old(jsonSchema{"type": secrets["type"], "maxProperties": 0, "maxItems": secrets["maxItems"]}),
		"jobNodeSelector":            {"maxProperties": bounds["jobNodeSelector"], "propertyNames": jsonSchema{"pattern": "^(" + schema.Subdomain + "/)?" + schema.QualifiedName + "$"}},
		"cronExpression":             {"pattern": cronPattern},
		"timeZone":                   {"not": jsonSchema{"const": "Local"}, "examples": []string{"UTC", "Europe/Zurich"}},
		"reportDirectory":            {"pattern": "^/.", "not": jsonSchema{"enum": append(forbiddenDirectories[1:], forbiddenTrees...)}},
		"callbackServicePort":        {"not": jsonSchema{"enum": []int{reportPort, healthPort, metricsPort}}},
		"callback":                   needsSecret,
		"reports":                    needsSecret,
		"healthProbePort":            old(jsonSchema{"enum": []any{0, healthPort, nil}}),
		"metrics.port":               old(jsonSchema{"enum": []any{0, metricsPort, nil}}),
		"metrics.gauges":             {"maxProperties": gauge.Max, "propertyNames": jsonSchema{"pattern": "^" + gauge.Name.Pattern + "$", "not": jsonSchema{"enum": gauge.Reserved()}}},
		"metrics.gauges.*.help":      {"maxLength": bounds["metrics.gauges.*.help"]},
		"metrics.gauges.*.labels":    {"uniqueItems": true, "maxItems": gauge.MaxLabels + len(gauge.OwnLabels())},
		"metrics.gauges.*.labels[]":  {"pattern": "^" + gauge.LabelName.Pattern + "$", "not": jsonSchema{"pattern": "^__"}},
		"leaderElectionResourceLock": old(jsonSchema{"enum": []any{"", "leases", nil}}),
	}
}
