package metrics

import (
	"fmt"
	"strconv"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Limits of the parts of an error. Path and message together stay below 1 KiB.
const (
	maxQuoted  = 64
	maxPath    = 256
	maxMessage = 640
)

func invalid(path, format string, args ...any) error {
	return over("", path, format, args...)
}

// over is invalid for an exceeded limit.
func over(limit execution.Limit, path, format string, args ...any) error {
	return &execution.InvalidError{
		Limit:   limit,
		Path:    execution.Truncate(path, maxPath),
		Message: execution.Truncate(fmt.Sprintf(format, args...), maxMessage),
	}
}

// quote quotes and truncates text from a pod.
func quote(foreign string) string {
	return strconv.Quote(execution.Truncate(foreign, maxQuoted))
}

func isName(s string) bool {
	if s == "" || len(s) > maxQuoted {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != ':' {
			return false
		}
	}
	return true
}
