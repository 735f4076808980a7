package config

import (
	"maps"
	"path"
	"slices"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/json"
)

// reportDirectory judges only the directory that is used.
func (o *object) reportDirectory(env Env) string {
	if env.ReportDirectory != "" {
		o.text("reportDirectory", "")
		return path.Clean(env.ReportDirectory)
	}
	return path.Clean(o.text("reportDirectory", defaultReportDirectory, follows(reportDirectoryProblems)))
}

func (o *object) callbackService(env Env) string {
	checks := []check{unlessEmpty(content.IsDNS1123Label)}
	if env.PodIP == "" {
		checks = append(checks, required("must be the name of the controller's Service, unless the environment variable POD_IP is set"))
	}
	return o.text("callbackServiceName", "", checks...)
}

func (o *object) nodeSelector() map[string]string {
	entries, _ := o.object("jobNodeSelector")
	var selector map[string]string
	for _, key := range slices.Sorted(maps.Keys(entries.values)) {
		at := entries.path.Key(key)
		o.report(invalid(at, key, content.IsLabelKey(key))...)
		text, ok := o.anyText(at, entries.values[key])
		if !ok {
			continue
		}
		o.report(invalid(at, text, content.IsLabelValue(text))...)
		if selector == nil {
			selector = map[string]string{}
		}
		selector[key] = text
	}
	return selector
}

func (o *object) custom() map[string]any {
	o.declare("custom", declaration{kind: aMapping})
	value, ok := o.take("custom")
	if !ok {
		return nil
	}
	if kindOf(value) != aMapping {
		o.wrongType(o.child("custom"), value, "a mapping")
		return nil
	}
	var custom map[string]any
	if err := json.UnmarshalCaseSensitivePreserveInts(value, &custom); err != nil {
		o.report(field.Invalid(o.child("custom"), field.OmitValueType{}, err.Error()))
	}
	return custom
}

// resourceLock takes the kind of lock that the predecessor let people choose.
func (o *object) resourceLock() {
	const key = "leaderElectionResourceLock"
	at := o.child(key)
	switch lock := o.text(key, ""); lock {
	case "", "leases":
	case "configmaps", "configmapsleases", "endpoints", "endpointsleases":
		o.warn(at, "%s no longer exists in Kubernetes: a Lease is used", lock)
	default:
		o.report(field.NotSupported(at, lock, []string{"", "leases"}))
	}
}
