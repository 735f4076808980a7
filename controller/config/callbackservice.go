package config

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

// The ports that the controller listens on besides that of the callbacks.
const (
	reportPort  = 8080
	healthPort  = 9152
	metricsPort = 9153
)

// callbackPort is a port other than these three.
func callbackPort(to *int) schema.Value {
	return schema.Number(to, 8090, 1, 65535).Then(func(f *schema.Findings, at *field.Path) {
		if *to == reportPort || *to == healthPort || *to == metricsPort {
			f.Report(field.Invalid(at, *to,
				fmt.Sprintf("is taken: the controller serves reports on %d, health on %d and metrics on %d", reportPort, healthPort, metricsPort)))
		}
	})
}

// callbackService is the name of a Service. It is required unless the environment has
// POD_IP.
func callbackService(to *string, env Env) schema.Value {
	return schema.Text(to, "", schema.DNSLabel).Then(func(f *schema.Findings, at *field.Path) {
		if *to == "" && env.PodIP == "" && !f.Has(at) {
			f.Report(field.Required(at, "must be the name of the controller's Service, unless the environment variable POD_IP is set"))
		}
	})
}
