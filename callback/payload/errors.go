package payload

import (
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// MediaTypeError says which format or coding of a body is not supported. The response
// contains it.
type MediaTypeError struct{ Message string }

func (e *MediaTypeError) Error() string { return "unsupported media type: " + e.Message }

func invalid(path, format string, args ...any) error {
	return &execution.InvalidError{Path: path, Message: fmt.Sprintf(format, args...)}
}

// quote quotes a text of a pod for an error.
func quote(text string) string { return fmt.Sprintf("%q", execution.Truncate(text, 128)) }
