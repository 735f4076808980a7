package config

// Five fields, or a descriptor.
const cronPattern = `^\s*(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every\s+\S+|[^@\s]\S*(\s+\S+){4})\s*$`

// refinements are the parts of the schema that no key declares, because a check has them.
// The decoder's own tables test that they reject nothing that the decoder accepts.
func refinements() map[string]schema {
	secrets := schema{"type": []string{"array", "object", "null"}, "maxProperties": 0} // the predecessor's chart wrote {}
	needsSecret := schema{
		"if":   schema{"properties": schema{"tls": schema{"const": "secret"}}, "required": []string{"tls"}},
		"then": schema{"properties": schema{"tlsSecret": schema{"type": "string", "minLength": 1}}, "required": []string{"tlsSecret"}},
	}
	old := func(s schema) schema { s["deprecated"] = true; return s }
	some := schema{"type": "array", "minItems": 1}
	return map[string]schema{
		"": {"not": schema{
			"required":   []string{"jobImagePullSecrets", "imagePullSecrets"},
			"properties": schema{"jobImagePullSecrets": some, "imagePullSecrets": some},
		}},
		"jobImagePullSecrets":        secrets,
		"imagePullSecrets":           old(schema{"type": secrets["type"], "maxProperties": 0}),
		"jobNodeSelector":            {"propertyNames": schema{"pattern": "^(" + subdomain + "/)?" + qualifiedName + "$"}},
		"cronExpression":             {"pattern": cronPattern},
		"timeZone":                   {"not": schema{"const": "Local"}, "examples": []string{"UTC", "Europe/Zurich"}},
		"reportDirectory":            {"pattern": "^/.", "not": schema{"enum": append(forbiddenDirectories[1:], forbiddenTrees...)}},
		"callbackServicePort":        {"not": schema{"enum": []int{reportPort, healthPort, metricsPort}}},
		"callback":                   needsSecret,
		"reports":                    needsSecret,
		"healthProbePort":            old(schema{"enum": []any{0, healthPort, nil}}),
		"metrics.port":               old(schema{"enum": []any{0, metricsPort, nil}}),
		"metrics.gauges":             {"maxProperties": maxGauges, "propertyNames": schema{"pattern": "^" + gaugeName.pattern + "$", "not": schema{"enum": reservedGauges}}},
		"metrics.gauges.*.labels":    {"uniqueItems": true, "maxItems": maxLabels + len(ownLabels)},
		"metrics.gauges.*.labels[]":  {"pattern": "^" + gaugeLabel.pattern + "$", "not": schema{"pattern": "^__"}},
		"leaderElectionResourceLock": old(schema{"enum": []any{"", "leases", nil}}),
	}
}
