package config

import (
	"net/netip"
	"path"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
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
	f := &schema.Findings{}
	read := func(name string, r schema.Rule) string {
		value, _ := lookup(name)
		f.Check(field.NewPath(name), value, r)
		return value
	}
	env := Env{
		Namespace:       read("NAMESPACE", schema.DNSLabel.Required("must be the namespace of the controller")),
		ConfigMapName:   read("CONFIG_MAP_NAME", schema.DNSSubdomain.Required("must be the name of the ConfigMap with the configuration")),
		PodIP:           read("POD_IP", schema.Rule{Problems: addressProblems}),
		ReportDirectory: read("REPORT_DIRECTORY", schema.Rule{Problems: reportDirectoryProblems}),
		Hostname:        read("HOSTNAME", schema.Rule{}),
	}
	if env.ReportDirectory != "" {
		env.ReportDirectory = path.Clean(env.ReportDirectory)
	}
	if value := read("DEV_MODE", schema.Rule{}); value != "" {
		var err error
		if env.DevMode, err = strconv.ParseBool(value); err != nil {
			f.Report(field.Invalid(field.NewPath("DEV_MODE"), value, "must be true or false"))
		}
	}
	if err := f.Problems.OrNil(); err != nil {
		return Env{}, err
	}
	return env, nil
}

func addressProblems(value string) []string {
	if _, err := netip.ParseAddr(value); err != nil {
		return []string{"must be an IP address"}
	}
	return nil
}
