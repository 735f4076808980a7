package config

import (
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// unit is what a number without a unit counts.
type unit int

const (
	seconds unit = iota
	// secondsOrNanoseconds is for the one duration of the predecessor: it took
	// nothing but nanoseconds, though people also wrote seconds. A number of
	// seconds beyond maxDuration can only be one of nanoseconds.
	secondsOrNanoseconds
)

// duration takes a duration such as 10s, or a whole number with a warning.
func (o *object) duration(key string, absent, least time.Duration, bare unit) time.Duration {
	return o.durationBetween(key, absent, least, maxDuration, bare)
}

func (o *object) durationBetween(key string, absent, least, most time.Duration, bare unit) time.Duration {
	o.declare(key, declaration{kind: aDuration, absent: absent, least: int64(least), most: int64(most)})
	value, ok := o.take(key)
	if !ok {
		return absent
	}
	path := o.child(key)
	must := fmt.Sprintf("must be a duration from %s to %s, such as 10s or 1h30m", least, most)
	var d time.Duration
	switch kindOf(value) {
	case aText:
		text, _ := o.anyText(path, value)
		parsed, err := time.ParseDuration(text)
		if err != nil {
			o.report(field.Invalid(path, shown(value), must))
			return absent
		}
		d = parsed
	case aNumber:
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil {
			o.report(field.Invalid(path, shown(value), must))
			return absent
		}
		d = bareDuration(n, bare)
		o.warn(path, "%d has no unit and is taken as %s: write %s", n, d, d)
	default:
		o.wrongType(path, value, "a duration, such as 10s")
		return absent
	}
	if d < least || d > most {
		o.report(field.Invalid(path, shown(value), must))
		return absent
	}
	return d
}

// bareDuration gives a number its unit. A number of seconds that is out of
// range stays out of range.
func bareDuration(n int64, bare unit) time.Duration {
	const most = int64(maxDuration / time.Second)
	switch {
	case n > most && bare == secondsOrNanoseconds:
		return time.Duration(n)
	default:
		return time.Duration(min(max(n, -1), most+1)) * time.Second
	}
}
