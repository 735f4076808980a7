package config

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schemaURL, document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// validates returns the errors of a schema about a text, and whether the text is a document
// at all.
func validates(t *testing.T, s *jsonschema.Schema, text string) (isDocument bool, problem error) {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return false, nil
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return true, s.Validate(document)
}

// The schema rejects only configurations that the controller rejects or warns about.
func TestSchemaTakesWhatTheDecoderTakes(t *testing.T) {
	s := compiledSchema(t)
	texts := map[string]string{
		"the documentation of the predecessor": documented,
		"only what has to be there":            withDefaults(""),
		"TLS that is off":                      withDefaults("callback: {tls: off}\nreports: {tls: \"off\"}\n"),
		"TLS with a Secret":                    withDefaults("callback: {tls: secret, tlsSecret: a.b}\nreports: {tls: selfSigned}\n"),
	}
	for name, tc := range acceptedTexts() {
		if tc.wantWarning == "" {
			texts[name] = tc.document()
		}
	}
	for key := range limitKeys() {
		texts["no value for "+key] = withDefaults("callback:\n  limits:\n    " + key + ":\n")
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			if isDocument, err := validates(t, s, text); err != nil || !isDocument {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// beyondSchema lists the cases that only the decoder can reject.
func beyondSchema() []string {
	return []string{
		"C06 a duplicate key", "C06 a duplicate nested key",
		"C09 an alias bomb of one long text", "C09 a file that is too long",
		"C17 /proc as report directory", "C17 /usr by a detour",
		"C20 minute 60", "C20 weekday 8", "C20 a range that goes back", "C20 steps of 0",
		"C22 every second", "C22 every 0 seconds", "C22 every -5 seconds", "C23 the 31st of February", "C26 a zone on Mars",
		"C30 a huge duration", "C30 no time to start", "C45 eleven labels",
		"C61 a prefix of Go's metrics", "C61 a part of a histogram of our own", "C61 a gauge that is a library's", "C61 a gauge that is our own", "C61 a gauge that is our information",
		"custom properties with large aliases", "a duration below the least", "a duration above the most", "a queue deadline that is too long",
	}
}

func TestSchemaRefusesWhatItCanKnow(t *testing.T) {
	s := compiledSchema(t)
	texts := map[string]string{
		"TLS without a Secret":       withDefaults("callback: {tls: secret}\n"),
		"TLS with an empty Secret":   withDefaults("reports: {tls: secret, tlsSecret: \"\"}\n"),
		"TLS that is on":             withDefaults("callback: {tls: on}\n"),
		"a way to prove that is not": withDefaults("callback: {auth: password}\n"),
		"a limit in the wrong place": withDefaults("callback: {fileSize: 1Mi}\n"),
	}
	for name, tc := range refusedTexts() {
		texts[name] = tc.document()
	}
	for name, tc := range refusedLimits() {
		texts[name] = tc.document()
	}
	for _, name := range beyondSchema() {
		if texts[name] == "" {
			t.Errorf("%s: no such row", name)
		}
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			isDocument, err := validates(t, s, text)
			switch beyond := slices.Contains(beyondSchema(), name); {
			case !isDocument && beyond:
				t.Error("is no document, and need not be listed as what a schema cannot know")
			case isDocument && err == nil && !beyond:
				t.Errorf("not refused:\n%.200s", text)
			case err != nil && beyond:
				t.Errorf("refused, although it is listed as what a schema cannot know: %v", err)
			}
		})
	}
}

// Every configuration in the documentation and the manifests names the schema, and is valid
// by it.
func TestConfigurationsNameTheSchema(t *testing.T) {
	var files []string
	for _, pattern := range []string{"kustomize/overlays/*/config.yaml", "manifests/config.yaml", "docs/examples/*/config.yaml"} {
		found, err := filepath.Glob("../../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 3 {
		t.Fatalf("got only %q", files)
	}
	s := compiledSchema(t)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if first, _, _ := strings.Cut(string(text), "\n"); first != "# yaml-language-server: $schema="+schemaURL {
				t.Errorf("the first line is %q, want one that names %s", first, schemaURL)
			}
			if isDocument, err := validates(t, s, string(text)); err != nil || !isDocument {
				t.Errorf("refused: %v", err)
			}
		})
	}
}
