package config

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// secretsAlias is the key that the predecessor read instead of the documented one. It
// has to be read after the documented key, into whose field it is read.
func secretsAlias(to *[]string) value {
	const documented = "jobImagePullSecrets"
	var names []string
	return secrets(&names).then(func(f *findings, at *field.Path) {
		switch {
		case len(names) > 0 && len(*to) > 0:
			f.report(field.Forbidden(at, "must not be set together with "+documented+", which means the same"))
		case len(names) > 0:
			f.warn(at, "the documented name of this key is %s", documented)
			*to = names
		}
	})
}

// durationOrNanoseconds is for the only duration of the predecessor, which accepted
// nothing but nanoseconds, although users also wrote seconds. A number that exceeds
// maxDuration as seconds means nanoseconds.
func durationOrNanoseconds(to *time.Duration, absent, least, most time.Duration) value {
	return durationOf(to, absent, least, most, func(n int64) time.Duration {
		if n > int64(maxDuration/time.Second) {
			return time.Duration(n)
		}
		return inSeconds(n)
	})
}

// fixedPort is a port that was configurable in the predecessor, without documentation.
// Another port is an error: a probe or a scraper would use it, and fail.
func fixedPort(port int) value {
	var n int
	return number(&n, port, 0, 65535).then(func(f *findings, at *field.Path) {
		if n != 0 && n != port {
			f.report(field.Invalid(at, n, fmt.Sprintf("must be %d: the port cannot be changed", port)))
		}
	})
}

// resourceLock is the kind of lock, which was configurable in the predecessor.
func resourceLock() value {
	var lock string
	return text(&lock, "", rule{}).then(func(f *findings, at *field.Path) {
		switch lock {
		case "", "leases":
		case "configmaps", "configmapsleases", "endpoints", "endpointsleases":
			f.warn(at, "%s no longer exists in Kubernetes: a Lease is used", lock)
		default:
			f.report(field.NotSupported(at, lock, []string{"", "leases"}))
		}
	})
}
