package config

import (
	"path"
	"strconv"

	"k8s.io/apimachinery/pkg/api/validate/content"
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

// ReadEnv reads the environment. Its error is of type Problems, by the names
// of the variables. An empty variable counts as one that is not set.
func ReadEnv(lookup func(name string) (string, bool)) (Env, error) {
	f := &findings{}
	read := func(name string, checks ...check) string {
		value, _ := lookup(name)
		for _, c := range checks {
			f.report(c(field.NewPath(name), value)...)
		}
		return value
	}
	env := Env{
		Namespace:       read("NAMESPACE", required("must be the namespace of the controller"), unlessEmpty(content.IsDNS1123Label)),
		ConfigMapName:   read("CONFIG_MAP_NAME", required("must be the name of the ConfigMap with the configuration"), unlessEmpty(content.IsDNS1123Subdomain)),
		PodIP:           read("POD_IP", unlessEmpty(addressProblems)),
		ReportDirectory: read("REPORT_DIRECTORY", unlessEmpty(reportDirectoryProblems)),
		Hostname:        read("HOSTNAME"),
	}
	if env.ReportDirectory != "" {
		env.ReportDirectory = path.Clean(env.ReportDirectory)
	}
	if value := read("DEV_MODE"); value != "" {
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
