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

// MaxSize is how many bytes a text may have.
const MaxSize = 256 << 10

// Read turns a text into a value: a string, bool or json.Number, or []any and
// map[string]any of such. It is nil if the text holds none, or is unreadable. Of
// duplicate keys one counts, and each is a problem: the caller goes on and finds the
// problems of the values. All of Read's are of the path.
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
		// Only duplicate keys tell the two apart.
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

// describe makes the parser's message say what people most often did.
func describe(err error, text string) string {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if at := tabIndent.FindStringIndex(text); at != nil && strings.Contains(message, "cannot start any token") {
		return fmt.Sprintf("line %d: is indented with a tab: must be spaces", lineOf(text, at[0]))
	}
	return message
}

func lineOf(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }
