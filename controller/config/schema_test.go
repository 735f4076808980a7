package config

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var update = flag.Bool("update", false, "write the JSON schema anew")

const (
	schemaFile = "../../docs/config.schema.json"
	// schemaURL is how configurations name it, for editors.
	schemaURL = "https://raw.githubusercontent.com/batch-job-controller/batch-job-controller/main/docs/config.schema.json"
)

// The schema is made of what the decoder declares while it decodes, of what
// only a pattern can say, and of the tables in docs/configuration.md.
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

// sample has one of everything that people may have several of. It need not be
// valid.
const sample = `
jobImagePullSecrets: [{}]
imagePullSecrets: [{}]
metrics: {gauges: {"*": {labels: []}}}
`

// declarations returns what the decoder declares, by path: a * stands for the
// names that people choose, and [] for the entries of a list.
func declarations(t *testing.T) map[string]declaration {
	t.Helper()
	all := map[string]declaration{}
	f := &findings{declared: func(path *field.Path, d declaration) {
		all[strings.NewReplacer("[*]", ".*", "[0]", "[]").Replace(path.String())] = d
	}}
	decodeSample(t, f, sample)
	for path := range all {
		if parent, ok := strings.CutSuffix(path, "[].name"); ok {
			all[parent+"[]"] = declaration{kind: aMapping}
		}
	}
	all["metrics.gauges.*.labels[]"] = declaration{kind: aText}
	all["jobNodeSelector.*"] = declaration{kind: aText}
	return all
}

func decodeSample(t *testing.T, f *findings, text string) {
	t.Helper()
	values, problems := readDocument(text, field.NewPath(ConfigKey))
	if len(problems) > 0 {
		t.Fatal(problems.ToAggregate())
	}
	(&object{findings: f, values: values}).config(podEnv, now)
}

// neededKeys returns the paths of what has to be there: what is complained of
// where there is next to nothing.
func neededKeys(t *testing.T, text string) []string {
	t.Helper()
	f := &findings{}
	decodeSample(t, f, text)
	var paths []string
	for _, p := range f.problems {
		if p.Type == field.ErrorTypeRequired || (p.Type == field.ErrorTypeInvalid && p.BadValue == "") {
			paths = append(paths, strings.ReplaceAll(p.Field, "[0]", "[]"))
		}
	}
	return paths
}

func newSchema(t *testing.T) schema {
	t.Helper()
	all, docs := declarations(t), documentation(t)
	must := slices.Concat(neededKeys(t, "custom:\n"), neededKeys(t, "jobImagePullSecrets: [{}]\nimagePullSecrets: [{}]\n"))
	if want := []string{"cronExpression", "name", "metrics.prefix"}; !slices.Contains(must, want[0]) || !slices.Contains(must, want[1]) || !slices.Contains(must, want[2]) {
		t.Fatalf("required: got %q, want %q at least", must, want)
	}
	root := schema{
		"$schema":              "http://json-schema.org/draft-07/schema#", // what editors know best,
		"$id":                  schemaURL,
		"title":                "config.yaml of the batch-job-controller",
		"type":                 "object",
		"additionalProperties": false,
	}
	for path, d := range all {
		node := at(root, path)
		d.describe(node)
		if doc, ok := docs[path]; ok {
			node["description"] = doc.text
			doc.setDefault(t, path, node, d)
		}
	}
	for _, path := range must {
		require(root, path)
	}
	for path, more := range refinements() {
		node := at(root, path)
		for key, value := range more {
			node[key] = value
		}
	}
	return root
}

// at returns the schema of a path, and makes those on the way to it.
func at(n schema, path string) schema {
	if path == "" {
		return n
	}
	for step := range strings.SplitSeq(strings.ReplaceAll(path, "[]", ".[]"), ".") {
		switch step {
		case "[]":
			n = child(n, "items")
		case "*":
			n["additionalProperties"] = childOr(n["additionalProperties"])
			n = n["additionalProperties"].(schema)
		default:
			n = child(child(n, "properties"), step)
		}
	}
	return n
}

func child(n schema, key string) schema {
	n[key] = childOr(n[key])
	return n[key].(schema)
}

func childOr(there any) any {
	if _, ok := there.(schema); ok {
		return there
	}
	return schema{}
}

// require makes a path required, and with it all that it is in. What is
// required must not be without a value.
func require(root schema, path string) {
	parent, n := "", path
	if i := strings.LastIndex(path, "."); i >= 0 {
		parent, n = path[:i], path[i+1:]
	}
	above := at(root, parent)
	names, _ := above["required"].([]string)
	if !slices.Contains(names, n) {
		above["required"] = slices.Sorted(slices.Values(append(names, n)))
	}
	node := at(root, path)
	if types, ok := node["type"].([]string); ok {
		node["type"] = types[0]
	}
	if parent != "" && !strings.HasSuffix(parent, "]") {
		require(root, parent)
	}
}

const (
	durationPattern = `^\+?(0|([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$`
	sizePattern     = `^[0-9]+(\.[0-9]*)?([kMGTPE]|[KMGTPE]i|[eE][0-9]{1,2})?$`
)

// describe writes a declaration into a schema. A key without a value counts as
// absent.
func (d declaration) describe(node schema) {
	nullable := func(types ...string) { node["type"] = append(types, "null") }
	switch d.kind {
	case aText:
		nullable("string")
		if d.words != nil {
			words := []any{nil}
			for _, w := range slices.Backward(d.words) {
				words = slices.Insert(words, 0, any(w))
			}
			node["enum"] = words
		}
	case aNumber:
		nullable("integer")
		node["minimum"], node["maximum"] = d.least, d.most
	case aTrueness:
		nullable("boolean")
	case aDuration: // a number works, with a warning
		nullable("string")
		node["pattern"] = durationPattern
		node["examples"] = []string{"10s", "5m", "1h30m"}
	case aSize:
		nullable("string", "integer")
		node["pattern"] = sizePattern
		node["minimum"], node["maximum"] = d.least, d.most
	case aList:
		nullable("array")
	case aMapping:
		nullable("object")
		if _, ok := node["additionalProperties"]; !ok {
			node["additionalProperties"] = false
		}
	}
}

// documentedKey is a row of a table in docs/configuration.md.
type documentedKey struct{ text, absent string }

var (
	row  = regexp.MustCompile("(?m)^\\| `([A-Za-z.]+)` \\| ([^|]*) \\| ([^|]*) \\|")
	link = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)
)

func documentation(t *testing.T) map[string]documentedKey {
	t.Helper()
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	keys, limits, ok := strings.Cut(string(text), "\n## Limits\n")
	if !ok {
		t.Fatal("docs/configuration.md has no section on limits")
	}
	limits, _, _ = strings.Cut(limits, "\n## ")
	docs := undocumented()
	add := func(prefix, about, text string) {
		for _, m := range row.FindAllStringSubmatch(text, -1) {
			docs[prefix+m[1]] = documentedKey{text: about + link.ReplaceAllString(m[3], "$1"), absent: m[2]}
		}
	}
	add("", "", keys)
	add("callback.limits.", "bounds ", limits)
	return docs
}

// setDefault takes the default of the documentation, which must be that of the
// decoder where the decoder has one.
func (doc documentedKey) setDefault(t *testing.T, path string, node schema, d declaration) {
	t.Helper()
	literal, quoted := strings.CutSuffix(strings.TrimPrefix(doc.absent, "`"), "`")
	var want, value any = d.absent, literal
	switch {
	case !quoted || strings.Contains(literal, "`"):
		return // in words
	case d.kind == aNumber:
		var n int
		if err := json.Unmarshal([]byte(literal), &n); err != nil {
			t.Errorf("%s: the documented default %q: %v", path, literal, err)
		}
		value = n
	case d.kind == aTrueness:
		value = literal == "true"
	case d.kind == aDuration:
		parsed, err := time.ParseDuration(literal)
		if err != nil {
			t.Errorf("%s: the documented default %q: %v", path, literal, err)
		}
		if want == parsed {
			want = literal
		}
	}
	node["default"] = value
	// Those of limits, and of the text that means another, are elsewhere.
	if isLimit := strings.HasPrefix(path, "callback.limits."); !isLimit && want != nil && want != "" && want != value {
		t.Errorf("%s: the documented default is %v, that of the decoder %v", path, value, want)
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	declared, docs := declarations(t), documentation(t)
	for path := range declared {
		if docs[path].text == "" {
			t.Errorf("%s has no row in docs/configuration.md, nor a description", path)
		}
	}
	for path := range docs {
		if _, ok := declared[path]; !ok {
			t.Errorf("%s is documented, and the decoder does not know it", path)
		}
	}
}
