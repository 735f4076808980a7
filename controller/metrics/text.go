package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// checkText checks the size, the encoding and the syntax of a body.
func checkText(body []byte, most int64) error {
	switch {
	case int64(len(body)) > most:
		return fmt.Errorf("%w: a result may have %d bytes", execution.ErrTooLarge, most)
	case len(bytes.TrimSpace(body)) == 0:
		return invalid("", "is empty: %s", wantDocument)
	case bytes.HasPrefix(body, []byte("\ufeff")):
		return invalid("", "begins with a byte order mark (BOM): must be JSON without one")
	case !utf8.Valid(body):
		return invalid("", "is not UTF-8: must be JSON in UTF-8")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return describeSyntax(err, body)
	}
	if at := loneSurrogate(body); at >= 0 {
		return invalid("", `has half of a surrogate pair at byte %d: must be a whole character, such as \ud83d\ude00`, at)
	}
	return nil
}

func describeSyntax(err error, body []byte) error {
	problem := fmt.Sprintf("is invalid JSON: %s", err)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		problem += fmt.Sprintf(" at byte %d", syntax.Offset)
	}
	return invalid("", "%s", withHint(problem, body))
}

// loneSurrogate returns the offset of half a surrogate pair in valid JSON, or -1:
// encoding/json would silently replace it. In valid JSON every backslash is part of a
// string.
func loneSurrogate(body []byte) int {
	for at := 0; at < len(body); at++ {
		if body[at] != '\\' {
			continue
		}
		first, ok := escapedRune(body[at:])
		switch {
		case !ok:
			at++
		case !utf16.IsSurrogate(first):
			at += escapeLength - 1
		default:
			second, _ := escapedRune(body[at+escapeLength:])
			if utf16.DecodeRune(first, second) == utf8.RuneError {
				return at
			}
			at += 2*escapeLength - 1
		}
	}
	return -1
}

const escapeLength = len(`\u0000`)

// escapedRune reads the \u escape that b begins with.
func escapedRune(b []byte) (rune, bool) {
	if len(b) < escapeLength || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:escapeLength]), 16, 16)
	return rune(n), err == nil
}
