//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// TestNodeCronJobsOfUsersWithKubectl is what users see of definitions: where their results go,
// how soon they run, and what becomes of the one in the ConfigMap.
func TestNodeCronJobsOfUsersWithKubectl(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	u := newUsers(t, ctx, "ncjk")
	startup := u.rerunsWithoutName(t, ctx)
	t.Run("the first Job of a new definition is there within two seconds", func(t *testing.T) { u.firstJob(t, ctx) })
	t.Run("each definition has results and metrics of its own", func(t *testing.T) { u.ownResults(t, ctx) })
	t.Run("rerun without a name asks for one, if executions of several definitions have closed", func(t *testing.T) {
		wantText(t, u.operator.run(t, ctx, 2, "rerun", "--yes"), "have closed executions: choose one: ", "shape-", "plain-", "demo-")
	})
	t.Run("a definition that is wrong by itself is refused, with the field", func(t *testing.T) { u.refused(t, ctx) })
	t.Run("the definition in the ConfigMap is a NodeCronJob", func(t *testing.T) { u.mirrored(t, ctx, startup) })
}

// rerunsWithoutName reruns the only execution that there is, which began with the controller, and
// returns its name.
func (u users) rerunsWithoutName(t *testing.T, ctx context.Context) (startup string) {
	t.Helper()
	t.Run("rerun without a name runs the newest closed execution again", func(t *testing.T) {
		u.operator.run(t, ctx, 1, "wait", "--timeout", "3m") // no pod sends the result that its gauges demand
		startup = strings.TrimSpace(u.operator.run(t, ctx, 0, "executions", "demo", "-o", "jsonpath={.items[*].metadata.name}"))
		nodes := fmt.Sprint(len(env.nodes))
		wantTable(t, u.operator.kubectl(t, ctx, "get", "executions"), executionColumns,
			[]string{startup, "demo", "Startup", "Closed", nodes, "0", nodes, "0", "TIME", "TIME"})
		text := u.operator.run(t, ctx, 1, "rerun", "--yes", "--wait", "--timeout", "3m")
		wantText(t, text, "Execution "+startup+" of nodecronjob demo had "+nodes+" nodes", "0 of "+nodes+" nodes succeeded")
		from := u.operator.kubectl(t, ctx, "get", "executions", "-o", "jsonpath={.items[*].spec.nodes.fromExecution.name}")
		if from != startup {
			t.Errorf("it is a rerun of %q, want %q", from, startup)
		}
	})
	return startup
}

// firstJob applies new definitions together with an execution, until the first Job of one comes
// within two seconds of kubectl's end: other tests use the machine, too.
func (u users) firstJob(t *testing.T, ctx context.Context) {
	const within, tries = 2 * time.Second, 3
	for try := range tries {
		name := fmt.Sprintf("fast-%d", try)
		request, err := yaml.Marshal(object{
			"apiVersion": "batch-job-controller.io/v1alpha1", "kind": "Execution", "metadata": object{"name": name + "-first"},
			"spec": object{"nodeCronJobName": name, "reason": "to see how soon it runs"},
		})
		if err != nil {
			t.Fatal(err)
		}
		path := u.editor.path(t, name+".yaml", definition(t, name, never, "true")+"---\n"+string(request))
		took := u.untilJob(t, ctx, name, func() { u.editor.kubectl(t, ctx, "apply", "-f", path) })
		t.Logf("the first Job came %s after the end of kubectl apply", took.Round(time.Millisecond))
		u.operator.kubectl(t, ctx, "wait", "execution/"+name+"-first", "--for=condition=Complete", "--timeout=3m")
		if took < within {
			return
		}
	}
	t.Errorf("none of %d new definitions had a Job within %s", tries, within)
}

// untilJob applies a definition, and returns how long after that a watch has seen its first
// Job. It may be less than nothing.
func (u users) untilJob(t *testing.T, ctx context.Context, name string, apply func()) time.Duration {
	jobs, err := env.cluster.BatchV1().Jobs(u.editor.namespace).Watch(ctx, metav1.ListOptions{LabelSelector: jobspec.NodeCronJobLabel + "=" + name})
	if err != nil {
		t.Fatal(err)
	}
	defer jobs.Stop()
	added := make(chan time.Time, 1)
	go func() {
		for event := range jobs.ResultChan() {
			if event.Type == watch.Added {
				added <- time.Now()
				return
			}
		}
	}()
	apply()
	applied := time.Now()
	select {
	case at := <-added:
		return at.Sub(applied)
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
		return 0
	}
}

// ownResults runs one definition of each form. Both have a gauge of the same name, and say in its
// labels what became of the two ways to name the node: only podTemplate is a Go template.
func (u users) ownResults(t *testing.T, ctx context.Context) {
	const goTemplate, script = "{{.NodeName}}", `
labels='{"variable": "'$variable'", "template": "'$template'"}'
curl -fsS --retry 5 --retry-connrefused -d '{"seen": [{"value": '$value', "labels": '"$labels"'}]}' "$CALLBACK_SERVICE_RESULT_URL"
`
	gauges := func(prefix string) object {
		return object{"prefix": prefix, "gauges": object{"seen": object{"help": "How the node is called.", "labels": []string{"variable", "template"}}}}
	}
	shape := object{"metrics": gauges("shape"), "podTemplate": nil, "template": object{
		"spec": podSpec(t, `value=1 variable="$0" template="$1"`+script, "$(NODE_NAME)", goTemplate),
	}}
	u.editor.kubectl(t, ctx, "apply", "-f", u.editor.path(t, "shape.yaml", definition(t, "shape", never, "", shape)))
	u.editor.kubectl(t, ctx, "wait", "ncj/shape", "--for=condition=Ready", "--timeout=2m")
	u.editor.define(t, ctx, "plain", definition(t, "plain", never, `value=2 variable="$NODE_NAME" template='`+goTemplate+`'`+script, object{"metrics": gauges("plain")}))
	controller, err := env.cluster.Attach(ctx, u.editor.namespace, "batch-job-controller")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(controller.Close)
	s := scenario{controller, u.editor.namespace}

	for name, value := range map[string]float64{"shape": 1, "plain": 2} {
		begun := u.operator.begin(t, ctx, "run", name)
		u.operator.kubectl(t, ctx, "wait", "execution/"+begun, "--for=condition=Complete", "--timeout=3m")
		id := u.operator.of(t, ctx, begun, ".status.executionID")
		metrics, err := s.Metrics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(metrics.Samples(name+"_seen", nil)); got != len(env.nodes) {
			t.Errorf("%s_seen: got %d samples, want one for each of %d nodes", name, got, len(env.nodes))
		}
		for _, node := range env.nodes {
			template := map[string]string{"shape": goTemplate, "plain": node}[name]
			wantValue(t, metrics, name+"_seen", labels{"node": node, "executionID": id, "variable": node, "template": template}, value)
			var got any
			if err := json.Unmarshal([]byte(s.uploaded(t, ctx, execution.ID(id), node+".json")), &got); err != nil {
				t.Error(err)
			}
			want := object{"seen": []any{object{"value": value, "labels": object{"variable": node, "template": template}}}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s.json of %s (-want +got):\n%s", node, begun, diff)
			}
		}
	}
}

// podSpec returns what runs a script in a structured template, with more arguments: $0, $1 and so on.
func podSpec(t *testing.T, script string, args ...string) corev1.PodSpec {
	t.Helper()
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict([]byte(podTemplate(script)), &pod); err != nil {
		t.Fatal(err)
	}
	pod.Spec.Containers[0].Args = append(pod.Spec.Containers[0].Args, args...)
	return pod.Spec
}

// refused applies definitions that the API server itself refuses.
func (u users) refused(t *testing.T, ctx context.Context) {
	for name, c := range map[string]struct {
		more object
		want []string
	}{
		"both":       {object{"template": object{"spec": podSpec(t, "true")}}, []string{"spec: Invalid value", "exactly one of template and podTemplate"}},
		"policy":     {object{"concurrencyPolicy": "Allow"}, []string{"spec.concurrencyPolicy", `"Allow"`, `"Forbid", "Queue", "Replace"`}},
		"misspelled": {object{"concurrencyPolice": "Forbid"}, []string{`unknown field "spec.concurrencyPolice"`}},
	} {
		_, err := u.editor.tryKubectl(t, ctx, "apply", "-f", u.editor.path(t, name+".yaml", definition(t, name, never, "true", c.more)))
		if err == nil {
			t.Errorf("%s was applied", name)
			continue
		}
		wantText(t, err.Error(), c.want...)
		if out, err := u.editor.tryKubectl(t, ctx, "get", "ncj", name); err == nil || !strings.Contains(err.Error(), "NotFound") {
			t.Errorf("%s exists: %s, %v", name, out, err)
		}
	}
}

// mirrored changes and deletes the NodeCronJob that comes from the ConfigMap. startup is its
// execution over all nodes.
func (u users) mirrored(t *testing.T, ctx context.Context, startup string) {
	demo := func(path string) string {
		return u.editor.kubectl(t, ctx, "get", "ncj", "demo", "--ignore-not-found", "-o", "jsonpath="+path)
	}
	nodes := fmt.Sprint(len(env.nodes))
	wantTable(t, u.editor.kubectl(t, ctx, "get", "ncj", "demo"), definitionColumns,
		[]string{"demo", "42 3 * * *", "false", nodes, nodes, "", "", "TIME"})
	if got := demo("{.status.lastExecution.name}"); got != startup {
		t.Errorf("its last execution is %s, want %s", got, startup)
	}
	const source = `{.metadata.annotations.batch-job-controller\.io/source}`
	if got := demo(source); got != "ConfigMap/batch-job-controller" {
		t.Errorf("its source is %q", got)
	}
	spec, uid := demo("{.spec}"), demo("{.metadata.uid}")

	edited := u.editor.kubectl(t, ctx, "patch", "ncj", "demo", "--type=merge", "-p", `{"spec": {"podPoolSize": 50, "suspend": true}}`, "-o", "jsonpath={.spec.podPoolSize}")
	if edited != "50" {
		t.Fatalf("after the edit, podPoolSize is %s", edited)
	}
	eventually(t, ctx, func() error {
		if got := demo("{.spec.podPoolSize} {.spec.suspend}"); got != "2 true" {
			return fmt.Errorf("podPoolSize and suspend are %s, want that of the ConfigMap, and that of the user", got)
		}
		return nil
	})
	u.editor.waitForEvent(t, ctx, "MirrorRestored", "podPoolSize")

	u.editor.kubectl(t, ctx, "delete", "ncj", "demo", "--timeout=1m")
	eventually(t, ctx, func() error {
		if got := demo("{.metadata.uid}"); got == "" || got == uid {
			return errors.New("it has not come back")
		}
		return nil
	})
	if got := demo(source); got != "ConfigMap/batch-job-controller" {
		t.Errorf("its source is %q when it has come back", got)
	}
	if diff := cmp.Diff(spec, demo("{.spec}")); diff != "" {
		t.Errorf("its spec when it has come back (-want +got):\n%s", diff)
	}
}
