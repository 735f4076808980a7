package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// MaxSize is the largest size of a text, in bytes.
const MaxSize = 256 << 10

// Read turns a text into a value: a string, bool or json.Number, or []any and
// map[string]any of these. It is nil if the text is empty or invalid. Of duplicate keys
// the last counts, and each repetition is a problem. The value is returned all the same,
// so that the caller finds the problems in it too. All problems have the path.
func Read(text string, path *field.Path) (any, field.ErrorList) {
	invalid := func(format string, args ...any) field.ErrorList {
		return field.ErrorList{field.Invalid(path, field.OmitValueType{}, fmt.Sprintf(format, args...))}
	}
	text = strings.TrimPrefix(text, "\ufeff")
	switch {
	case len(text) > MaxSize:
		return nil, field.ErrorList{field.TooLong(path, "", MaxSize)}
	case !utf8.ValidString(text):
		return nil, invalid("must be UTF-8 text")
	case strings.ContainsRune(text, 0):
		return nil, invalid("must be text: line %d holds a NUL byte", lineOf(text, strings.IndexByte(text, 0)))
	}
	if err := checkDocument(text); err != nil {
		return nil, invalid("%s", describe(err, text))
	}
	var problems field.ErrorList
	asJSON, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		var loose error
		if asJSON, loose = yaml.YAMLToJSON([]byte(text)); loose != nil {
			return nil, invalid("%s", describe(loose, text))
		}
		// The two functions differ only in duplicate keys.
		for _, line := range strings.Split(err.Error(), "\n")[1:] {
			problems = append(problems, invalid("%s", strings.TrimSpace(line))...)
		}
	}
	var document any
	decoder := json.NewDecoder(bytes.NewReader(asJSON))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return nil, append(problems, invalid("%s", err)...)
	}
	return document, problems
}

// tabIndent is the beginning of a line that is indented with a tab.
var tabIndent = regexp.MustCompile(`(?m)^ *\t[ \t]*[^ \t\r\n]`)

// describe returns the parser's message, or that of the most common mistake.
func describe(err error, text string) string {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if at := tabIndent.FindStringIndex(text); at != nil && strings.Contains(message, "cannot start any token") {
		return fmt.Sprintf("line %d: is indented with a tab: must be spaces", lineOf(text, at[0]))
	}
	return message
}

func lineOf(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }
