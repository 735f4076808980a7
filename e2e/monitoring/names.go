package monitoring

import (
	"slices"
	"strings"
)

// Names returns the names of the metrics in an expression of PromQL: all words that are
// neither functions, nor keywords, nor labels. It is not a parser, and assumes that the
// expression is valid.
func Names(expr string) []string {
	var names []string
	tokens := tokenize(expr)
	for i := 0; i < len(tokens); i++ {
		next := ""
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		switch token := tokens[i]; {
		case isOneOf(token, "by", "without", "on", "ignoring", "group_left", "group_right"):
			if next == "(" { // labels follow
				i += slices.Index(tokens[i:], ")")
			}
		case !isWord(token), next == "(", isOneOf(next, "by", "without"):
		case isOneOf(token, "and", "or", "unless", "offset", "bool", "inf", "nan"):
		default:
			names = append(names, token)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func isOneOf(token string, words ...string) bool {
	return slices.Contains(words, strings.ToLower(token))
}

func isWord(token string) bool { return isWordStart(token[0]) }

func isWordStart(c byte) bool {
	return c == '_' || c == ':' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}

func isWordPart(c byte) bool { return isWordStart(c) || c == '.' || (c >= '0' && c <= '9') }

// tokenize returns words, numbers, durations, and single bytes. It omits text in quotes,
// braces or brackets.
func tokenize(expr string) (tokens []string) {
	for i := 0; i < len(expr); {
		switch c := expr[i]; {
		case c == '{':
			i = after(expr, i, '}')
		case c == '[':
			i = after(expr, i, ']')
		case c == '"':
			i = afterQuote(expr, i)
		case isWordPart(c):
			end := i
			for end < len(expr) && isWordPart(expr[end]) {
				end++
			}
			tokens, i = append(tokens, expr[i:end]), end
		case c == ' ', c == '\n', c == '\t':
			i++
		default:
			tokens, i = append(tokens, expr[i:i+1]), i+1
		}
	}
	return tokens
}

// after returns the index after the closing byte of the text that begins at i. It ignores
// closing bytes in quotes.
func after(expr string, i int, end byte) int {
	for i++; i < len(expr) && expr[i] != end; {
		if expr[i] == '"' {
			i = afterQuote(expr, i)
		} else {
			i++
		}
	}
	return i + 1
}

func afterQuote(expr string, i int) int {
	for i++; i < len(expr) && expr[i] != '"'; i++ {
		if expr[i] == '\\' {
			i++
		}
	}
	return i + 1
}
