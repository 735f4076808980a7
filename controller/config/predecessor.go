package config

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

// secretsAlias is the key that the predecessor read instead of the documented one. It
// has to be read after the documented key, into whose field it is read.
func secretsAlias(to *[]string) schema.Value {
	const documented = "jobImagePullSecrets"
	var names []string
	return secrets(&names).Then(func(f *schema.Findings, at *field.Path) {
		switch {
		case len(names) > 0 && len(*to) > 0:
			f.Report(field.Forbidden(at, "must not be set together with "+documented+", which means the same"))
		case len(names) > 0:
			f.Warn(at, "the documented name of this key is %s", documented)
			*to = names
		}
	})
}

// durationOrNanoseconds is for the only duration of the predecessor, which accepted
// nothing but nanoseconds, although users also wrote seconds. A number that exceeds
// maxDuration as seconds means nanoseconds.
func durationOrNanoseconds(to *time.Duration, absent, least, most time.Duration) schema.Value {
	return schema.DurationOf(to, absent, least, most, func(n int64) time.Duration {
		if n > int64(schema.MaxDuration/time.Second) {
			return time.Duration(n)
		}
		return schema.InSeconds(n)
	})
}

// fixedPort is a port that was configurable in the predecessor, without documentation.
// Another port is an error: a probe or a scraper would use it, and fail.
func fixedPort(port int) schema.Value {
	var n int
	return schema.Number(&n, port, 0, 65535).Then(func(f *schema.Findings, at *field.Path) {
		if n != 0 && n != port {
			f.Report(field.Invalid(at, n, fmt.Sprintf("must be %d: the port cannot be changed", port)))
		}
	})
}

// resourceLock is the kind of lock, which was configurable in the predecessor.
func resourceLock() schema.Value {
	var lock string
	return schema.Text(&lock, "", schema.Rule{}).Then(func(f *schema.Findings, at *field.Path) {
		switch lock {
		case "", "leases":
		case "configmaps", "configmapsleases", "endpoints", "endpointsleases":
			f.Warn(at, "%s no longer exists in Kubernetes: a Lease is used", lock)
		default:
			f.Report(field.NotSupported(at, lock, []string{"", "leases"}))
		}
	})
}
