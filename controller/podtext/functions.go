package podtext

import (
	"fmt"
	"strings"
	"text/template"
)

// functions are those of pod templates that make a text. The other functions of
// text/template stay as they are.
//
// A new function goes here, and bounds its text with b.text; TestEvaluateIsBounded needs
// a case that exceeds the bound. For functions that text/template has too,
// TestEvaluateDoesWhatTextTemplateDoes checks that the bounded one returns the same.
func (b *boundedExecution) functions() template.FuncMap {
	bounded := func(f func(...any) string) func(...any) (string, error) {
		return func(args ...any) (string, error) {
			return b.text(maxExpansion*size(args...), func() string { return f(args...) })
		}
	}
	return template.FuncMap{
		"print":    bounded(fmt.Sprint),
		"println":  bounded(fmt.Sprintln),
		"html":     bounded(template.HTMLEscaper),
		"js":       bounded(template.JSEscaper),
		"urlquery": bounded(template.URLQueryEscaper),
		"printf": func(format string, args ...any) (string, error) {
			return b.text(formattedSize(format, args), func() string { return fmt.Sprintf(format, args...) })
		},
	}
}

// text calls a function whose text has at most so many bytes, and bounds the text.
func (b *boundedExecution) text(most int, makeText func() string) (string, error) {
	if most > maxMade {
		return "", limitError(fmt.Sprintf("may make a text of more than %d bytes", maxMade))
	}
	made := makeText()
	if len(made) > maxText {
		return "", limitError(fmt.Sprintf("makes a text of more than %d bytes", maxText))
	}
	return made, b.spend(len(made) / textPerStep)
}

const (
	// maxExpansion is the largest number of bytes that escaping makes of one: \u003C.
	maxExpansion = 6
	// maxValue is longer than the text of a number or of the template's data.
	maxValue = 512
	// maxWidth is the largest width that package fmt accepts.
	maxWidth = 1_000_000
)

func size(args ...any) int {
	total := 0
	for _, arg := range args {
		if s, ok := arg.(string); ok {
			total += len(s) + 1
		} else {
			total += maxValue
		}
	}
	return total
}

// formattedSize returns an upper bound for the text of printf. Any verb may name the
// longest argument by its index. It allocates nothing, because every two bytes of a
// format may be a verb.
func formattedSize(format string, args []any) int {
	longest := maxValue
	for _, arg := range args {
		longest = max(longest, size(arg))
	}
	total := len(format) + size(args...)
	for i := 0; i < len(format); i++ {
		if format[i] == '%' {
			n := strings.IndexFunc(format[i+1:], endsVerb)
			if n < 0 {
				n = len(format) - i - 1
			}
			total += maxExpansion*longest + widths(format[i+1:i+1+n])
		}
	}
	return total
}

// endsVerb reports whether the flags and numbers of a verb end here.
func endsVerb(r rune) bool {
	return r == '%' || ('a' <= r && r <= 'z') || ('A' <= r && r <= 'Z')
}

// widths returns the sum of the numbers between % and the letter of a verb. An asterisk,
// whose number is an argument, counts as the largest.
func widths(flags string) (total int) {
	number := 0
	for i := range len(flags) {
		switch c := flags[i]; {
		case '0' <= c && c <= '9':
			number = min(10*number+int(c-'0'), maxWidth)
			continue
		case c == '*':
			number += maxWidth
		}
		total, number = total+number, 0
	}
	return total + number
}
