package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
)

var update = flag.Bool("update", false, "write the JSON schema anew")

const (
	schemaFile = "../../docs/config.schema.json"
	// schemaURL is how configurations name it, for editors.
	schemaURL = "https://raw.githubusercontent.com/batch-job-controller/batch-job-controller/main/docs/config.schema.json"
)

// The schema consists of the declared keys and the refinements.
func TestSchemaIsWhatTheDecoderTakes(t *testing.T) {
	want, err := json.MarshalIndent(newSchema(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/config.schema.json, which make golden writes (-want +got):\n%s", diff)
	}
}

// schema is a JSON schema. Keys are in the order of the alphabet.
type schema = map[string]any

func newSchema(t *testing.T) schema {
	t.Helper()
	w := schemaWriter{t: t, refinements: refinements()}
	root := w.node("", object(keys(&Config{})...), "", false)
	maps.Copy(root, schema{
		"$schema": "http://json-schema.org/draft-07/schema#", // what editors know best
		"$id":     schemaURL,
		"title":   "config.yaml of the batch-job-controller",
	})
	for path := range w.refinements {
		t.Errorf("%q is refined, and is no key", path)
	}
	return root
}

type schemaWriter struct {
	t           *testing.T
	refinements map[string]schema // by path: a * stands for the names that people choose, and [] for the entries of a list
}

var link = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)

// node returns the schema of a value. One that may be null counts as absent then.
func (w schemaWriter) node(path string, v value, help string, nullable bool) schema {
	node := schema{}
	if help != "" {
		node["description"] = link.ReplaceAllString(help, "$1")
	}
	types := w.describe(path, v, node)
	if nullable {
		types = append(types, "null")
	}
	if node["type"] = types; len(types) == 1 {
		node["type"] = types[0]
	}
	if absent := w.absent(path, v); absent != nil && absent != "" {
		node["default"] = absent
	}
	maps.Copy(node, w.refinements[path])
	delete(w.refinements, path)
	return node
}

const (
	durationPattern = `^\+?(0|([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$`
	sizePattern     = `^[0-9]+(\.[0-9]*)?([kMGTPE]|[KMGTPE]i|[eE][0-9]{1,2})?$`
)

// describe writes what a value may be, and returns its types.
func (w schemaWriter) describe(path string, v value, node schema) (types []string) {
	switch v.kind {
	case document.Text:
		return describeText(v, node)
	case document.Number:
		node["minimum"], node["maximum"] = v.least, v.most
		return []string{"integer"}
	case document.Bool:
		return []string{"boolean"}
	case kindDuration: // a number works, with a warning
		node["pattern"] = durationPattern
		node["examples"] = []string{"10s", "5m", "1h30m"}
		return []string{"string"}
	case kindSize:
		node["pattern"] = sizePattern
		node["minimum"], node["maximum"] = v.least, v.most
		return []string{"string", "integer"}
	case document.List:
		node["items"] = w.node(path+"[]", v.each.value, v.each.help, false)
		return []string{"array"}
	default:
		w.describeObject(path, v, node)
		return []string{"object"}
	}
}

func describeText(v value, node schema) (types []string) {
	types = []string{"string"}
	if r := v.rule; r.pattern != "" {
		pattern := r.pattern
		if r.must == "" {
			pattern = "(" + pattern + ")?"
		}
		node["pattern"] = "^" + pattern + "$"
		if r.longest > 0 {
			node["maxLength"] = r.longest
		}
	}
	if len(v.words) > 0 {
		var words []any
		for _, w := range v.words {
			words = append(words, w)
		}
		if v.words[0] == wordOff { // without quotes
			types, words = append(types, "boolean"), append(words, false)
		}
		node["enum"] = append(words, nil)
	}
	return types
}

func (w schemaWriter) describeObject(path string, v value, node schema) {
	node["additionalProperties"] = len(v.keys) == 0
	if v.each != nil {
		node["additionalProperties"] = w.node(path+".*", v.each.value, v.each.help, v.each.value.kind == document.Text)
	}
	properties, needed := schema{}, []string{}
	for _, k := range v.keys {
		help := k.help
		if path == "callback.limits" {
			help = "bounds " + help
		}
		properties[k.name] = w.node(strings.TrimPrefix(path+"."+k.name, "."), k.value, help, !isRequired(k.value))
		if isRequired(k.value) {
			needed = append(needed, k.name)
		}
	}
	if len(properties) > 0 {
		node["properties"] = properties
	}
	if len(needed) > 0 {
		node["required"] = slices.Sorted(slices.Values(needed))
	}
}

// isRequired reports whether a value, or one in it, is required.
func isRequired(v value) bool {
	return v.rule.must != "" || v.inWords == "required" || slices.ContainsFunc(v.keys, func(k key) bool { return isRequired(k.value) })
}

// absent returns the default of a value, or nil if only words express it.
func (w schemaWriter) absent(path string, v value) any {
	literal, quoted := strings.CutSuffix(strings.TrimPrefix(documentedDefault(v), "`"), "`")
	switch {
	case !quoted || strings.Contains(literal, "`"):
		return nil
	case v.kind == document.Number:
		n, err := strconv.Atoi(literal)
		if err != nil {
			w.t.Errorf("%s: the default %q: %v", path, literal, err)
		}
		return n
	case v.kind == document.Bool:
		return literal == "true"
	default:
		return literal
	}
}

// documentedDefault returns the default as the documentation has it.
func documentedDefault(v value) string {
	switch absent := v.absent.(type) {
	case nil:
		return v.inWords
	case time.Duration:
		if v.inWords == "" {
			return "`" + regexp.MustCompile(`([hm])(0[ms])+$`).ReplaceAllString(absent.String(), "$1") + "`"
		}
	}
	switch {
	case v.inWords != "":
		return v.inWords
	case v.rule.must != "":
		return "required"
	default:
		return fmt.Sprintf("`%v`", v.absent)
	}
}

// The tables in the documentation have the keys of the code.
func TestEveryKeyIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	keyTables, limitTable, ok := strings.Cut(string(text), "\n## Limits\n")
	if !ok {
		t.Fatal("docs/configuration.md has no section on limits")
	}
	limitTable, _, _ = strings.Cut(limitTable, "\n## ")
	row := regexp.MustCompile("(?m)^\\| `[A-Za-z.]+` \\| [^|]* \\| [^|]* \\|")
	documented := map[string][]string{"keys": row.FindAllString(keyTables, -1), "limits": row.FindAllString(limitTable, -1)}
	declared := map[string][]string{
		"keys":   rows("", keys(&Config{})),
		"limits": rows("", keysOfLimits(&Limits{})),
	}
	if diff := cmp.Diff(declared, documented); diff != "" {
		t.Errorf("-code +documentation:\n%s", diff)
	}
}

// rows returns the first columns of the table of keys, without limits, which have
// their own. Keys that are there for compatibility need no row.
func rows(prefix string, keys []key) (all []string) {
	for _, k := range keys {
		if k.applies != "" || k.value.inWords != "" {
			all = append(all, fmt.Sprintf("| `%s%s` | %s | %s |", prefix, k.name, documentedDefault(k.value), k.help))
		}
		if k.name != "limits" {
			all = append(all, rows(prefix+k.name+".", k.value.keys)...)
		}
	}
	return all
}
