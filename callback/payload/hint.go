package payload

import (
	"bytes"
	"encoding/json"
	"regexp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// withHint adds a hint to an error about JSON.
func withHint(problem string, text []byte) string {
	if hint := execution.WhyNotJSON(text); hint != "" {
		return problem + ": " + hint
	}
	return problem
}

// likelyField returns a hint for an unknown field of an event.
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
		return ": this looks like a result: send results to the URL in CALLBACK_SERVICE_RESULT_URL"
	}
	return ""
}

var (
	resultBegins = regexp.MustCompile(`^\s*\{\s*"[^"]{1,128}"\s*:\s*\[\s*\{\s*"(value|labels)"\s*:`)
	eventBegins  = regexp.MustCompile(`^\s*\{\s*"(warning|reason|message|args)"\s*:`)
)

// LikelyEndpoint returns a hint for a file without a name that begins like a result or
// an event. The file is stored anyway: a file may be anything.
func LikelyEndpoint(begin []byte) string {
	switch {
	case resultBegins.Match(begin):
		return "this looks like a result, and was stored as a file: send results to the URL in CALLBACK_SERVICE_RESULT_URL"
	case eventBegins.Match(begin):
		return "this looks like an event, and was stored as a file: send events to the URL in CALLBACK_SERVICE_EVENT_URL"
	default:
		return ""
	}
}
