package callback

import (
	"bytes"
	"encoding/json"
	"regexp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// withHint adds to an error about JSON what the text is likely to be.
func withHint(problem string, text []byte) string {
	if hint := execution.WhyNotJSON(text); hint != "" {
		return problem + ": " + hint
	}
	return problem
}

// likelyField says what was likely meant by a field that events do not have.
func likelyField(field string, text []byte) string {
	switch field {
	case "type", "severity", "level":
		return `: a warning must be written as "warning": true`
	case "note", "msg", "text":
		return `: the text must be written as "message"`
	case "arguments", "params":
		return `: must be written as "args"`
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) == nil && bytes.HasPrefix(bytes.TrimSpace(fields[field]), []byte("[")) {
		return ": it looks like a result: results go to the URL in CALLBACK_SERVICE_RESULT_URL"
	}
	return ""
}

var (
	resultBegins = regexp.MustCompile(`^\s*\{\s*"[^"]{1,128}"\s*:\s*\[\s*\{\s*"(value|labels)"\s*:`)
	eventBegins  = regexp.MustCompile(`^\s*\{\s*"(warning|reason|message|args)"\s*:`)
)

// likelyKind says what a file without a name is likely to be, by its beginning.
// It is kept all the same: a file may be anything.
func likelyKind(begin []byte) string {
	switch {
	case resultBegins.Match(begin):
		return "it looks like a result, and is kept as a file: results go to the URL in CALLBACK_SERVICE_RESULT_URL"
	case eventBegins.Match(begin):
		return "it looks like an event, and is kept as a file: events go to the URL in CALLBACK_SERVICE_EVENT_URL"
	default:
		return ""
	}
}
