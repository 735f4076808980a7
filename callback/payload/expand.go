package payload

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// expand replaces the verbs %s, %d, %v and %q by the arguments, in order. Package fmt
// would let a pod demand megabytes of padding.
//
// Without arguments, the message is literal. Other verbs, and verbs without an
// argument, stay unchanged.
func expand(message string, args []string) (string, error) {
	if len(args) == 0 {
		return message, nil
	}
	var b strings.Builder
	used := 0
	for i := 0; i < len(message); i++ {
		verb := verbAt(message, i)
		switch {
		case verb == '%':
			b.WriteByte('%')
			i++
		case verb != 0 && used < len(args):
			b.WriteString(format(verb, args[used]))
			used++
			i++
		default:
			b.WriteByte(message[i])
		}
	}
	if used < len(args) {
		return "", invalid("args", "must have at most %d elements, one for each verb of the message", used)
	}
	return b.String(), nil
}

// verbAt returns the verb that begins at i, or 0.
func verbAt(message string, i int) byte {
	if message[i] != '%' || i+1 == len(message) || !strings.ContainsRune("sdvq%", rune(message[i+1])) {
		return 0
	}
	return message[i+1]
}

func format(verb byte, arg string) string {
	if verb == 'q' {
		return strconv.Quote(arg)
	}
	return arg
}

// escape escapes characters that would affect a terminal or the direction of text.
func escape(s string) string {
	if !strings.ContainsFunc(s, isControl) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isControl(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}
