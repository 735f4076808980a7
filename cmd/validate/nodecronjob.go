package validate

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	yamlv3 "go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/cmd/validate/manifest"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// NodeCronJobs checks the NodeCronJobs of a manifest, in their order. It returns an error if
// the manifest cannot be read.
func NodeCronJobs(text, file string, now time.Time) (results []*Result, err error) {
	m, _, err := manifest.Read(text, file)
	if err != nil {
		return nil, err
	}
	for _, n := range m.NodeCronJobs {
		results = append(results, Check(Input{NodeCronJob: n, Env: config.Env{Namespace: n.Namespace}}, now))
	}
	return results, nil
}

// decodeNodeCronJob validates a NodeCronJob with the controller's code.
func (c *checking) decodeNodeCronJob(now time.Time) {
	n := c.Input.NodeCronJob
	typed, wrong, err := decodeObject(n.Object)
	if err != nil {
		c.problem("", "Invalid value: "+err.Error())
		return
	}
	for _, p := range wrong {
		c.problem(p.Path, p.Message)
	}
	d, warnings, problems := config.FromResource(typed, now)
	for _, w := range warnings {
		path, message, _ := strings.Cut(w, ": ")
		c.warn(path, "%s", message)
	}
	for _, p := range problems {
		// What is of a wrong type is left out, and may be missing.
		if !slices.ContainsFunc(wrong, func(f Finding) bool { return p.Field == f.Path || strings.HasPrefix(p.Field, f.Path+".") }) {
			c.problem(p.Field, p.ErrorBody())
		}
	}
	controller, err := usualController(c.Input.Env, now)
	if err != nil {
		c.problem("", "Invalid value: "+err.Error())
	}
	c.Config = config.Config{Controller: controller, Definition: d, HasDefinition: true}
	c.Config.Name = n.Name
}

// usualController returns the settings of a controller that has the defaults: its own
// ConfigMap is not part of what is checked.
func usualController(env config.Env, now time.Time) (config.Controller, error) {
	cfg, _, err := config.Decode(map[string]string{
		config.ConfigKey: "name: sample\ncallbackServiceName: sample\n",
	}, env, now)
	return cfg.Controller, err
}

// maxWrongTypes is how many values of a wrong type are reported.
const maxWrongTypes = 20

// decodeObject returns a NodeCronJob without what is of a wrong type or unknown, and that.
func decodeObject(object *yamlv3.Node) (*v1alpha1.NodeCronJob, []Finding, error) {
	wrong := duplicates(object, "")
	if got := manifest.Scalar(object, "apiVersion"); got != v1alpha1.GroupVersion().String() {
		wrong = append(wrong, Finding{Path: "apiVersion", Message: fmt.Sprintf("Invalid value: %q: must be %s", got, v1alpha1.GroupVersion())})
	}
	text, err := yamlv3.Marshal(object)
	if err != nil {
		return nil, nil, err
	}
	var fields map[string]any
	if err := yaml.Unmarshal(text, &fields); err != nil {
		return nil, nil, err
	}
	delete(fields, "status") // it is the controller's, and the API server ignores it
	for range maxWrongTypes {
		typed, unknown, err := decodeFields(fields)
		if err == nil {
			for _, u := range unknown {
				wrong = append(wrong, unknownField(u))
			}
			return typed, wrong, nil
		}
		at, ok := cleared(fields, "", func() bool {
			_, _, now := decodeFields(fields)
			return now == nil || now.Error() != err.Error()
		})
		if !ok {
			return nil, nil, err
		}
		wrong = append(wrong, Finding{Path: at, Message: "Invalid value: " + wrongType(err)})
	}
	return nil, nil, fmt.Errorf("more than %d values have a wrong type", maxWrongTypes)
}

func decodeFields(fields map[string]any) (typed *v1alpha1.NodeCronJob, unknown []error, err error) {
	encoded, err := json.Marshal(fields)
	if err != nil {
		return nil, nil, err
	}
	typed = &v1alpha1.NodeCronJob{}
	unknown, err = kjson.UnmarshalStrict(encoded, typed)
	return typed, unknown, err
}

// cleared clears the first of the innermost values without which something works, and returns
// its path. The decoder's messages have no path, or one without the indexes of lists.
func cleared(value any, path string, works func() bool) (at string, ok bool) {
	for _, c := range childrenOf(value, path) {
		if at, ok := cleared(c.value, c.path, works); ok {
			return at, true
		}
		c.set(nil)
		if works() {
			return strings.TrimPrefix(c.path, "."), true
		}
		c.set(c.value)
	}
	return "", false
}

// child is a value in a mapping or a list.
type child struct {
	path  string
	value any
	set   func(any)
}

func childrenOf(value any, path string) (children []child) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			children = append(children, child{path + "." + key, value[key], func(v any) { value[key] = v }})
		}
	case []any:
		for i := range value {
			children = append(children, child{fmt.Sprintf("%s[%d]", path, i), value[i], func(v any) { value[i] = v }})
		}
	}
	return children
}

// duplicates returns the keys that a mapping has twice.
func duplicates(n *yamlv3.Node, path string) (found []Finding) {
	seen := map[string]bool{}
	for i, child := range n.Content {
		switch {
		case n.Kind == yamlv3.SequenceNode:
			found = append(found, duplicates(child, fmt.Sprintf("%s[%d]", path, i))...)
		case n.Kind == yamlv3.MappingNode && i%2 == 1:
			key := n.Content[i-1].Value
			at := strings.TrimPrefix(path+"."+key, ".")
			if seen[key] {
				found = append(found, Finding{Path: at, Message: "Duplicate value: the key occurs twice"})
			}
			seen[key] = true
			found = append(found, duplicates(child, at)...)
		}
	}
	return found
}

func unknownField(err error) Finding {
	if m := quotedPath.FindStringSubmatch(err.Error()); m != nil {
		return Finding{Path: m[1], Message: "Invalid value: unknown field"}
	}
	return Finding{Message: "Invalid value: " + err.Error()}
}

// typeError is the decoder's message about a value of a wrong type.
var typeError = regexp.MustCompile(`^json: cannot unmarshal (\w+)(?: \S+)? into Go (?:struct field \S+|value) of type (\S+)$`)

// wrongType says what is wrong with a value, by the decoder's message.
func wrongType(err error) string {
	m := typeError.FindStringSubmatch(err.Error())
	if m == nil {
		return err.Error()
	}
	want := map[string]string{"bool": "true or false", "string": "a text", "int32": "a whole number", "int64": "a whole number"}[m[2]]
	switch {
	case want != "":
	case strings.HasPrefix(m[2], "[]"):
		want = "a list"
	default:
		want = "a mapping"
	}
	got := map[string]string{"object": "a mapping", "array": "a list", "bool": "true or false", "string": "a text", "number": "a number"}[m[1]]
	return fmt.Sprintf("is %s: must be %s", got, want)
}
