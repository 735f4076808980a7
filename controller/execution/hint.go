package execution

import (
	"bytes"
	"regexp"
)

// WhyNotJSON says what a text that is no JSON is likely to be, and what would be
// right, or nothing. It looks at the beginning only.
func WhyNotJSON(text []byte) string {
	text = bytes.TrimSpace(text[:min(len(text), 4096)])
	for _, mistake := range mistakes() {
		if mistake.looks.Match(text) {
			return mistake.hint
		}
	}
	return ""
}

type mistake struct {
	looks *regexp.Regexp
	hint  string
}

// mistakes are those that scripts make. The first that fits is told.
func mistakes() []mistake {
	of := func(pattern, hint string) mistake { return mistake{regexp.MustCompile(pattern), hint} }
	return []mistake{
		of(`^# (HELP|TYPE) `, promHint),
		of(`^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})?[ \t]+[-+]?([0-9.]+([eE][-+]?[0-9]+)?|NaN|[Ii]nf)([ \t]+[0-9]+)?([\r\n]|$)`, promHint),
		of(`^[\[{]\s*'|[\[{,:]\s*'[^']*'\s*[:,}\]]`, `names and texts must be in double quotes; in a shell single quotes go around the whole body`),
		of(`^@?/[^\s{}\[\]]+$`, `it is the name of a file: curl sends what is in it with -d @<path>`),
		of(`\b(NaN|Infinity)\b`, `JSON has neither NaN nor Infinity: what has no value must be left out`),
		of(`,\s*[}\]]`, `there must be no comma behind the last one`),
		of(`^\{\s*[a-zA-Z_][a-zA-Z0-9_]*\s*:`, `names must be in double quotes; a shell takes them away unless single quotes go around the whole body`),
		of(`^[^{\["]`, `a file goes to the URL in CALLBACK_SERVICE_FILE_URL`),
	}
}

const promHint = `it is Prometheus' text format: must be JSON such as {"name": [{"value": 1, "labels": {}}]}`
