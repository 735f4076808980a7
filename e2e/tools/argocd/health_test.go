package argocd

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"sigs.k8s.io/yaml"
)

const (
	page     = "../../../docs/nodecronjobs.md"
	apiDir   = "../../../controller/api/v1alpha1/"
	keyStart = "resource.customizations.health.batch-job-controller.io_"
)

// health is what a check returns.
type health struct{ status, message string }

func TestHealthOfANodeCronJob(t *testing.T) {
	const (
		spec       = "metadata: {generation: 3}\nspec: {suspend: false}\n"
		suspended  = "metadata: {generation: 3}\nspec: {suspend: true}\n"
		accepted   = `{type: Accepted, status: "True", reason: Valid, message: the spec is in effect}`
		invalid    = `{type: Accepted, status: "False", reason: Invalid, message: "no spec is in effect: spec.cronExpression: is wrong"}`
		neverRan   = `{type: Healthy, status: Unknown, reason: NeverRan, message: no execution over all nodes has closed}`
		noBadNodes = `{type: Healthy, status: "True", reason: NoBadNodes, message: "no node is bad in execution check-1, of 12"}`
		badNodes   = `{type: Healthy, status: "False", reason: BadNodes, message: 4 of 12 nodes are bad in execution check-1}`
	)
	script := checkOf(t, "NodeCronJob")
	strict := strings.Replace(script, `badNodes = "Healthy"`, `badNodes = "Degraded"`, 1)
	notSeen := health{"Progressing", "the controller has not seen the newest spec yet"}
	notAccepted := health{"Degraded", "Invalid: no spec is in effect: spec.cronExpression: is wrong"}
	tests := map[string]struct {
		spec       string
		observed   int
		conditions []string
		want       health
		wantStrict health // if bad nodes are Degraded; empty: as want
	}{
		"no controller has seen it":                {spec: spec, want: notSeen},
		"the controller has not seen the change":   {spec: spec, observed: 2, conditions: []string{accepted, noBadNodes}, want: notSeen},
		"the change that repairs it is not seen":   {spec: spec, observed: 2, conditions: []string{invalid, neverRan}, want: notSeen},
		"it is not accepted":                       {spec: spec, observed: 3, conditions: []string{invalid, neverRan}, want: notAccepted},
		"it is not accepted, and suspended":        {spec: suspended, observed: 3, conditions: []string{invalid, noBadNodes}, want: notAccepted},
		"it is accepted, and has not run":          {spec: spec, observed: 3, conditions: []string{accepted, neverRan}, want: health{"Healthy", "no execution over all nodes has closed"}},
		"no node was bad":                          {spec: spec, observed: 3, conditions: []string{noBadNodes, accepted}, want: health{"Healthy", "no node is bad in execution check-1, of 12"}},
		"it is suspended":                          {spec: suspended, observed: 3, conditions: []string{accepted, noBadNodes}, want: health{"Suspended", "spec.suspend skips the ticks"}},
		"it is suspended, and nodes are bad":       {spec: suspended, observed: 3, conditions: []string{accepted, badNodes}, want: health{"Suspended", "spec.suspend skips the ticks"}},
		"the suspension is not seen":               {spec: suspended, observed: 2, conditions: []string{accepted, noBadNodes}, want: notSeen},
		"it has no condition Healthy yet":          {spec: spec, observed: 3, conditions: []string{accepted}, want: health{"Healthy", "the spec is in effect"}},
		"nodes were bad":                           {spec, 3, []string{accepted, badNodes}, health{"Healthy", "4 of 12 nodes are bad in execution check-1"}, health{"Degraded", "4 of 12 nodes are bad in execution check-1"}},
		"nodes were bad, and a change is not seen": {spec: spec, observed: 2, conditions: []string{accepted, badNodes}, want: notSeen},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			object := newObject(t, tt.spec, tt.observed, tt.conditions)
			if got := run(t, script, object); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			want := tt.wantStrict
			if want == (health{}) {
				want = tt.want
			}
			if got := run(t, strict, object); got != want {
				t.Errorf("if bad nodes are Degraded: got %+v, want %+v", got, want)
			}
		})
	}
}

func TestHealthOfAnExecution(t *testing.T) {
	const (
		spec     = "metadata: {generation: 2}\nspec: {nodeCronJobName: check}\n"
		waiting  = `{type: Complete, status: "False", reason: Waiting, message: ""}`
		running  = `{type: Complete, status: "False", reason: Running, message: "1 succeeded, 2 running"}`
		paused   = `{type: Complete, status: "False", reason: Paused, message: "1 succeeded, 2 pending"}`
		allEnded = `{type: Complete, status: "True", reason: AllEnded, message: "2 succeeded, 1 failed"}`
		canceled = `{type: Complete, status: "True", reason: Canceled, message: "2 succeeded, 1 canceled"}`
		bad      = `{type: Degraded, status: "True", reason: BadNodes, message: 1 failed}`
		notBad   = `{type: Degraded, status: "False", reason: NoBadNodes, message: ""}`
		rejected = `{type: Rejected, status: "True", reason: ConcurrencyForbidden, message: check-1 is open}`
	)
	script := checkOf(t, "Execution")
	tests := map[string]struct {
		observed   int
		conditions []string
		want       health
	}{
		"no controller has seen it":             {0, nil, health{"Progressing", "the controller has not seen it yet"}},
		"it waits":                              {2, []string{waiting}, health{"Progressing", "Waiting"}},
		"it runs":                               {2, []string{running, notBad}, health{"Progressing", "Running: 1 succeeded, 2 running"}},
		"it runs, and a node is bad":            {2, []string{running, bad}, health{"Progressing", "Running: 1 succeeded, 2 running"}},
		"it is paused":                          {2, []string{paused, notBad}, health{"Suspended", "Paused: 1 succeeded, 2 pending"}},
		"it is paused, and a node is bad":       {2, []string{bad, paused}, health{"Suspended", "Paused: 1 succeeded, 2 pending"}},
		"it is resumed, which is not seen":      {1, []string{paused, notBad}, health{"Progressing", "Paused: 1 succeeded, 2 pending"}},
		"it has closed":                         {2, []string{allEnded, notBad}, health{"Healthy", "AllEnded: 2 succeeded, 1 failed"}},
		"it has closed, and was changed since":  {1, []string{allEnded, notBad}, health{"Healthy", "AllEnded: 2 succeeded, 1 failed"}},
		"it has closed, and a node is bad":      {2, []string{allEnded, bad}, health{"Degraded", "AllEnded: 2 succeeded, 1 failed"}},
		"it was canceled":                       {2, []string{canceled, notBad}, health{"Healthy", "Canceled: 2 succeeded, 1 canceled"}},
		"it was canceled, and a node is bad":    {2, []string{canceled, bad}, health{"Degraded", "Canceled: 2 succeeded, 1 canceled"}},
		"it was rejected":                       {2, []string{rejected}, health{"Degraded", "ConcurrencyForbidden: check-1 is open"}},
		"it was rejected after it had waited":   {2, []string{waiting, rejected}, health{"Degraded", "ConcurrencyForbidden: check-1 is open"}},
		"it was rejected, and changed since":    {1, []string{rejected}, health{"Degraded", "ConcurrencyForbidden: check-1 is open"}},
		"it has closed without a bad condition": {2, []string{allEnded}, health{"Healthy", "AllEnded: 2 succeeded, 1 failed"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := run(t, script, newObject(t, spec, tt.observed, tt.conditions)); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// The tests invent objects: their words, and the keys of the page, must be those of the API.
func TestTheWordsAreThoseOfTheAPI(t *testing.T) {
	words := readFile(t, apiDir+"conditions.go") + readFile(t, apiDir+"register.go")
	texts := readFile(t, "health_test.go") + checkOf(t, "NodeCronJob") + checkOf(t, "Execution")
	said := regexp.MustCompile(`\b(?:type: |reason: |reason == "|is\.)([A-Z]\w+)`).FindAllStringSubmatch(texts, -1)
	if len(said) < 20 {
		t.Errorf("only %d words were found", len(said))
	}
	for _, word := range said {
		if !strings.Contains(words, `"`+word[1]+`"`) {
			t.Errorf("the API has no %q", word[1])
		}
	}
	for _, word := range []string{"batch-job-controller.io", "NodeCronJob", "Execution"} {
		if !strings.Contains(words, `"`+word+`"`) {
			t.Errorf("the API has no %q", word)
		}
	}
}

// checkOf returns the health check of a kind in the page.
func checkOf(t *testing.T, kind string) (script string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllStringSubmatch(readFile(t, page), -1) {
		var configMap struct{ Data map[string]string }
		if !strings.Contains(block[1], keyStart) {
			continue
		}
		if err := yaml.UnmarshalStrict([]byte(block[1]), &configMap); err != nil {
			t.Fatal(err)
		}
		if script = configMap.Data[keyStart+kind]; script != "" {
			return script
		}
	}
	t.Fatalf("%s has no %s%s", page, keyStart, kind)
	return ""
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func newObject(t *testing.T, spec string, observed int, conditions []string) (object map[string]any) {
	t.Helper()
	text := spec
	if observed > 0 {
		text += fmt.Sprintf("status: {observedGeneration: %d, conditions: [%s]}\n", observed, strings.Join(conditions, ", "))
	}
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// run runs a check as Argo CD does by default: with no libraries but these, so that a check
// has no functions on strings.
func run(t *testing.T, script string, object map[string]any) health {
	t.Helper()
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	state.SetContext(t.Context())
	for name, open := range map[string]lua.LGFunction{lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	state.SetGlobal("obj", valueOf(state, object))
	if err := state.DoString(script); err != nil {
		t.Fatal(err)
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("it returns a %s, want a table", state.Get(-1).Type())
	}
	return health{lua.LVAsString(result.RawGetString("status")), lua.LVAsString(result.RawGetString("message"))}
}

// valueOf converts a value of JSON.
func valueOf(state *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case float64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []any:
		table := state.NewTable()
		for _, item := range v {
			table.Append(valueOf(state, item))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, item := range v {
			table.RawSetString(key, valueOf(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
