package config

import (
	"path"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Env is the environment that the controller reads.
type Env struct {
	Namespace       string // NAMESPACE: where the controller runs, and its Jobs
	ConfigMapName   string // CONFIG_MAP_NAME
	PodIP           string // POD_IP: the host of the callback URLs, instead of the Service; may be empty
	ReportDirectory string // REPORT_DIRECTORY: overrides the one of the ConfigMap; may be empty
	Hostname        string // HOSTNAME: the name of the controller's pod; may be empty
	DevMode         bool   // DEV_MODE
}

// ReadEnv reads the environment. Its error is of type Problems, with the variables as
// paths. An empty variable counts as not set.
func ReadEnv(lookup func(name string) (string, bool)) (Env, error) {
	f := &findings{}
	read := func(name string, r rule) string {
		value, _ := lookup(name)
		f.check(field.NewPath(name), value, r)
		return value
	}
	env := Env{
		Namespace:       read("NAMESPACE", dnsLabel.required("must be the namespace of the controller")),
		ConfigMapName:   read("CONFIG_MAP_NAME", dnsSubdomain.required("must be the name of the ConfigMap with the configuration")),
		PodIP:           read("POD_IP", ipAddress),
		ReportDirectory: read("REPORT_DIRECTORY", directory),
		Hostname:        read("HOSTNAME", rule{}),
	}
	if env.ReportDirectory != "" {
		env.ReportDirectory = path.Clean(env.ReportDirectory)
	}
	if value := read("DEV_MODE", rule{}); value != "" {
		var err error
		if env.DevMode, err = strconv.ParseBool(value); err != nil {
			f.report(field.Invalid(field.NewPath("DEV_MODE"), value, "must be true or false"))
		}
	}
	if err := Problems(f.problems).orNil(); err != nil {
		return Env{}, err
	}
	return env, nil
}

// reportDirectory is a directory that the environment may override. Then the one in the
// ConfigMap is not checked.
func reportDirectory(to *string) value {
	return text(to, defaultReportDirectory, rule{}).then(func(f *findings, at *field.Path) {
		if f.env.ReportDirectory != "" {
			*to = f.env.ReportDirectory
		} else if !f.has(at) {
			f.reportAll(at, *to, reportDirectoryProblems(*to))
		}
		*to = path.Clean(*to)
	})
}

// callbackService is the name of a Service. It is required unless the environment has
// POD_IP.
func callbackService(to *string) value {
	return text(to, "", dnsLabel).then(func(f *findings, at *field.Path) {
		if *to == "" && f.env.PodIP == "" && !f.has(at) {
			f.report(field.Required(at, "must be the name of the controller's Service, unless the environment variable POD_IP is set"))
		}
	})
}
