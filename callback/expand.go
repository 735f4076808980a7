package callback

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// expand puts the arguments in place of the verbs %s, %d, %v and %q, in order.
// It is not package fmt, which would let a pod ask for megabytes of padding.
//
// Without arguments the message is meant literally. A verb that no argument is
// left for, or that is none of those, stays as it is.
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
		return "", invalid("args", "must not be more than the %d verbs of the message", used)
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

// escape makes visible what would act on a terminal or reorder the text around
// it.
func escape(s string) string {
	if !strings.ContainsFunc(s, acts) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if acts(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func acts(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}
