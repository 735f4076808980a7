package config

// undocumented describes what has no row in the tables: what is part of a row,
// and what is there for those who come from the predecessor.
func undocumented() map[string]documentedKey {
	return map[string]documentedKey{
		"callback":                   {text: "how job pods report"},
		"reports":                    {text: "who may look at the reports, and how"},
		"metrics":                    {text: "what results become"},
		"metrics.port":               {text: "only for compatibility: the port is 9153", absent: "`9153`"},
		"healthProbePort":            {text: "only for compatibility: the port is 9152", absent: "`9152`"},
		"imagePullSecrets":           {text: "another name of jobImagePullSecrets"},
		"imagePullSecrets[]":         {text: "a Secret of the controller's namespace"},
		"imagePullSecrets[].name":    {text: "its name"},
		"jobImagePullSecrets[]":      {text: "a Secret of the controller's namespace"},
		"jobImagePullSecrets[].name": {text: "its name"},
		"jobNodeSelector.*":          {text: "the value that the label must have"},
		"metrics.gauges.*":           {text: "a gauge, called <prefix>_<this name>"},
		"metrics.gauges.*.help":      {text: "its help text"},
		"metrics.gauges.*.labels":    {text: "its labels, without node and executionID, which every gauge has"},
		"metrics.gauges.*.labels[]":  {text: "name of a label"},
	}
}

const (
	labelName     = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	subdomain     = labelName + `(\.` + labelName + `)*`
	qualifiedName = `[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?`
	// Five fields, or a descriptor.
	cronPattern = `^\s*(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every\s+\S+|[^@\s]\S*(\s+\S+){4})\s*$`
)

// refinements is what the rules behind the keys come to in a schema. That they
// do not refuse what the decoder takes is tested with the decoder's own tables.
func refinements() map[string]schema {
	name := func(pattern string, longest int, empty bool) schema {
		if empty {
			pattern = "(" + pattern + ")?"
		}
		return schema{"pattern": "^" + pattern + "$", "maxLength": longest}
	}
	secrets := schema{"type": []string{"array", "object", "null"}, "maxProperties": 0} // the predecessor's chart wrote {}
	tls := schema{"type": []string{"string", "boolean", "null"}, "enum": []any{"off", "selfSigned", "secret", false, nil}}
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
		"name":                       name(labelName, 63, false),
		"jobServiceAccount":          name(subdomain, 253, true),
		"callbackServiceName":        name(labelName, 63, true),
		"callback.tlsSecret":         name(subdomain, 253, true),
		"reports.tlsSecret":          name(subdomain, 253, true),
		"jobImagePullSecrets":        secrets,
		"jobImagePullSecrets[]":      {"type": "object"},
		"jobImagePullSecrets[].name": name(subdomain, 253, false),
		"imagePullSecrets":           old(schema{"type": secrets["type"], "maxProperties": 0}),
		"imagePullSecrets[]":         {"type": "object"},
		"imagePullSecrets[].name":    name(subdomain, 253, false),
		"jobNodeSelector":            {"propertyNames": schema{"pattern": "^(" + subdomain + "/)?" + qualifiedName + "$"}},
		"jobNodeSelector.*":          name(qualifiedName, 63, true),
		"cronExpression":             {"pattern": cronPattern},
		"timeZone":                   {"not": schema{"const": "Local"}, "examples": []string{"UTC", "Europe/Zurich"}},
		"reportDirectory":            {"pattern": "^/.", "not": schema{"enum": append(forbiddenDirectories[1:], forbiddenTrees...)}},
		"callbackServicePort":        {"not": schema{"enum": []int{reportPort, healthPort, metricsPort}}},
		"callback":                   needsSecret,
		"callback.tls":               tls,
		"reports":                    needsSecret,
		"reports.tls":                tls,
		"healthProbePort":            old(schema{"enum": []any{0, healthPort, nil}}),
		"metrics.port":               old(schema{"enum": []any{0, metricsPort, nil}}),
		"metrics.prefix":             {"pattern": prefixPattern.String()},
		"metrics.gauges":             {"maxProperties": maxGauges, "propertyNames": schema{"pattern": suffixPattern.String(), "not": schema{"enum": reservedGauges}}},
		"metrics.gauges.*":           {"type": "object"},
		"metrics.gauges.*.labels":    {"uniqueItems": true, "maxItems": maxLabels + len(ownLabels)},
		"metrics.gauges.*.labels[]":  {"type": "string", "pattern": labelPattern.String(), "not": schema{"pattern": "^__"}},
		"custom":                     {"additionalProperties": true},
		"leaderElectionResourceLock": old(schema{"enum": []any{"", "leases", nil}}),
	}
}
