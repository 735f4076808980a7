package config

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The ports that the controller listens on besides that of the callbacks.
const (
	reportPort  = 8080
	healthPort  = 9152
	metricsPort = 9153
)

// callbackPort is a port other than these three.
func callbackPort(to *int) value {
	return number(to, 8090, 1, 65535).then(func(f *findings, at *field.Path) {
		if *to == reportPort || *to == healthPort || *to == metricsPort {
			f.report(field.Invalid(at, *to,
				fmt.Sprintf("is taken: the controller serves reports on %d, health on %d and metrics on %d", reportPort, healthPort, metricsPort)))
		}
	})
}
