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
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
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
type jsonSchema = map[string]any

func newSchema(t *testing.T) jsonSchema {
	t.Helper()
	w := schemaWriter{t: t, refinements: refinements()}
	root := w.node("", schema.Object(keys(&Controller{}, &Definition{}, Env{})...), "", false)
	maps.Copy(root, jsonSchema{
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
	refinements map[string]jsonSchema // by path: a * stands for the names that people choose, and [] for the entries of a list
}

var link = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)

// node returns the schema of a value. One that may be null counts as absent then.
func (w schemaWriter) node(path string, v schema.Value, help string, nullable bool) jsonSchema {
	node := jsonSchema{}
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
func (w schemaWriter) describe(path string, v schema.Value, node jsonSchema) (types []string) {
	switch v.Kind {
	case document.Text:
		return describeText(v, node)
	case document.Number:
		node["minimum"], node["maximum"] = v.Least, v.Most
		return []string{"integer"}
	case document.Bool:
		return []string{"boolean"}
	case schema.KindDuration: // a number works, with a warning
		node["pattern"] = durationPattern
		node["examples"] = []string{"10s", "5m", "1h30m"}
		return []string{"string"}
	case schema.KindSize:
		node["pattern"] = sizePattern
		node["minimum"], node["maximum"] = v.Least, v.Most
		return []string{"string", "integer"}
	case document.List:
		node["items"] = w.node(path+"[]", v.Each.Value, v.Each.Help, false)
		return []string{"array"}
	default:
		w.describeObject(path, v, node)
		return []string{"object"}
	}
}

func describeText(v schema.Value, node jsonSchema) (types []string) {
	types = []string{"string"}
	if r := v.Rule; r.Pattern != "" {
		pattern := r.Pattern
		if r.Must == "" {
			pattern = "(" + pattern + ")?"
		}
		node["pattern"] = "^" + pattern + "$"
		if r.Longest > 0 {
			node["maxLength"] = r.Longest
		}
	}
	if len(v.Words) > 0 {
		var words []any
		for _, w := range v.Words {
			words = append(words, w)
		}
		if v.Words[0] == schema.Off { // without quotes
			types, words = append(types, "boolean"), append(words, false)
		}
		node["enum"] = append(words, nil)
	}
	return types
}

func (w schemaWriter) describeObject(path string, v schema.Value, node jsonSchema) {
	node["additionalProperties"] = len(v.Keys) == 0
	if v.Each != nil {
		node["additionalProperties"] = w.node(path+".*", v.Each.Value, v.Each.Help, v.Each.Value.Kind == document.Text)
	}
	properties, needed := jsonSchema{}, []string{}
	for _, k := range v.Keys {
		help := k.Help
		if path == "callback.limits" {
			help = "bounds " + help
		}
		properties[k.Name] = w.node(strings.TrimPrefix(path+"."+k.Name, "."), k.Value, help, !isRequired(k.Value))
		if isRequired(k.Value) {
			needed = append(needed, k.Name)
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
func isRequired(v schema.Value) bool {
	return v.Rule.Must != "" || v.InWords == "required" || slices.ContainsFunc(v.Keys, func(k schema.Key) bool { return isRequired(k.Value) })
}

// absent returns the default of a value, or nil if only words express it.
func (w schemaWriter) absent(path string, v schema.Value) any {
	literal, quoted := strings.CutSuffix(strings.TrimPrefix(documentedDefault(v), "`"), "`")
	switch {
	case !quoted || strings.Contains(literal, "`"):
		return nil
	case v.Kind == document.Number:
		n, err := strconv.Atoi(literal)
		if err != nil {
			w.t.Errorf("%s: the default %q: %v", path, literal, err)
		}
		return n
	case v.Kind == document.Bool:
		return literal == "true"
	default:
		return literal
	}
}

// documentedDefault returns the default as the documentation has it.
func documentedDefault(v schema.Value) string {
	switch absent := v.Absent.(type) {
	case nil:
		return v.InWords
	case time.Duration:
		if v.InWords == "" {
			return "`" + regexp.MustCompile(`([hm])(0[ms])+$`).ReplaceAllString(absent.String(), "$1") + "`"
		}
	}
	switch {
	case v.InWords != "":
		return v.InWords
	case v.Rule.Must != "":
		return "required"
	default:
		return fmt.Sprintf("`%v`", v.Absent)
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
		"keys":   rows("", keys(&Controller{}, &Definition{}, Env{})),
		"limits": rows("", keysOfLimits(&Limits{}, &Intake{})),
	}
	if diff := cmp.Diff(declared, documented); diff != "" {
		t.Errorf("-code +documentation:\n%s", diff)
	}
}

// rows returns the first columns of the table of keys, without limits, which have
// their own. Keys that are there for compatibility need no row.
func rows(prefix string, keys []schema.Key) (all []string) {
	for _, k := range keys {
		if k.Applies != "" || k.Value.InWords != "" {
			all = append(all, fmt.Sprintf("| `%s%s` | %s | %s |", prefix, k.Name, documentedDefault(k.Value), k.Help))
		}
		if k.Name != "limits" {
			all = append(all, rows(prefix+k.Name+".", k.Value.Keys)...)
		}
	}
	return all
}
