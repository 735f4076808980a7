package execution

import (
	"bytes"
	"regexp"
)

// WhyNotJSON returns a hint at why a text is not JSON, and what would be right;
// empty: none is known. It reads only the beginning.
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

// mistakes are common mistakes of scripts. The first match is reported.
func mistakes() []mistake {
	of := func(pattern, hint string) mistake { return mistake{regexp.MustCompile(pattern), hint} }
	return []mistake{
		of(`^# (HELP|TYPE) `, promHint),
		of(`^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})?[ \t]+[-+]?([0-9.]+([eE][-+]?[0-9]+)?|NaN|[Ii]nf)([ \t]+[0-9]+)?([\r\n]|$)`, promHint),
		of(`^[\[{]\s*'|[\[{,:]\s*'[^']*'\s*[:,}\]]`, `names and strings must be in double quotes; in a shell, put the whole body in single quotes`),
		of(`^@?/[^\s{}\[\]]+$`, `this is a file name; to send the content of the file, use curl -d @<path>`),
		of(`\b(NaN|Infinity)\b`, `JSON has no NaN and no Infinity; omit values that are not numbers`),
		of(`,\s*[}\]]`, `JSON allows no trailing comma`),
		of(`^\{\s*[a-zA-Z_][a-zA-Z0-9_]*\s*:`, `names must be in double quotes; the shell removes them unless the whole body is in single quotes`),
		of(`^[^{\["]`, `send files to the URL in CALLBACK_SERVICE_FILE_URL`),
	}
}

const promHint = `this is the Prometheus text format: must be JSON such as {"name": [{"value": 1, "labels": {}}]}`
