//go:build e2e

package api

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client/clienttest"
)

const definitionsDir = "../../kustomize/crds"

// The custom resources on a real API server: what it prints, defaults, rejects and has room
// for. The rules are tried one by one in e2e/tools/crd too, where that takes seconds.
func TestCustomResources(t *testing.T) {
	t.Parallel()
	r := newResources(t)
	t.Run("the definitions are applied in both ways", r.applyDefinitions)
	if t.Failed() {
		return
	}
	t.Run("they are as in the cluster of other tests", r.cases)
	t.Run("a NodeCronJob is applied in both ways", r.applyBoth)
	t.Run("what is absent has its default", r.defaults)
	t.Run("what is wrong is rejected", r.rules)
	t.Run("an Execution can only be paused and canceled", r.changes)
	t.Run("the status keeps what was decided", r.status)
	t.Run("tables", r.tables)
	t.Run("the account of 50,000 nodes fits", r.room)
	t.Run("kubectl explains and waits", r.explain)
}

// resources is a namespace for custom resources.
type resources struct {
	namespace string
	client    *client.Client
}

func newResources(t *testing.T) *resources {
	t.Helper()
	resourceClient, err := client.New(shared.REST)
	if err != nil {
		t.Fatal(err)
	}
	return &resources{namespace: newNamespace(t), client: resourceClient}
}

// newNamespace creates a namespace for a test.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace, err := shared.Client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "resources-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.Client.CoreV1().Namespaces().Delete(context.WithoutCancel(t.Context()), namespace.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return namespace.Name
}

// kubectl runs kubectl in the namespace.
func (r *resources) kubectl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := shared.Kubectl(t.Context(), stdin, append([]string{"--namespace", r.namespace}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// expect checks how kubectl's exit agrees with what is wanted: nothing, or an error with a
// text.
func (r *resources) expect(t *testing.T, want, stdin string, args ...string) {
	t.Helper()
	out, err := shared.Kubectl(t.Context(), stdin, append([]string{"--namespace", r.namespace}, args...)...)
	switch {
	case want == "" && err != nil:
		t.Error(err)
	case want != "" && err == nil:
		t.Errorf("it was accepted: %s, want %q", out, want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("got %v, want %q", err, want)
	}
}

// applyDefinitions applies the definitions, which the rig has applied, in both ways.
func (r *resources) applyDefinitions(t *testing.T) {
	for _, args := range [][]string{
		{"apply", "-k", definitionsDir},
		{"apply", "--server-side", "--force-conflicts", "-k", definitionsDir},
		{"apply", "-k", definitionsDir},
	} {
		t.Log(r.kubectl(t, "", args...))
	}
	r.kubectl(t, "", "wait", "--for=condition=Established", "--timeout=60s", "crd/nodecronjobs.batch-job-controller.io", "crd/executions.batch-job-controller.io")
	for _, condition := range []string{"NonStructuralSchema", "NamesAccepted"} {
		out := r.kubectl(t, "", "get", "-k", definitionsDir, "-o", "jsonpath={range .items[*]}{.status.conditions[?(@.type=='"+condition+"')].status} {end}")
		want := map[string]string{"NonStructuralSchema": "", "NamesAccepted": "True True"}[condition]
		if strings.TrimSpace(out) != want {
			t.Errorf("condition %s is %q, want %q", condition, out, want)
		}
	}
}

// cases compares the API server with those that the unit tests and the simulation play.
func (r *resources) cases(t *testing.T) {
	for _, test := range append(clienttest.Cases(), clienttest.Collection()...) {
		t.Run(test.Name, func(t *testing.T) {
			namespace := newNamespace(t)
			test.Run(t, clienttest.Cluster{Namespace: namespace, Resources: r.client, ConfigMaps: shared.Client.CoreV1().ConfigMaps(namespace)})
		})
	}
}

// nodeCronJob returns a manifest with the given lines of the spec, and the required ones
// that are not among them.
func nodeCronJob(name, spec string) string {
	for _, line := range []string{"  cronExpression: 42 3 * * *\n", "  metrics: {prefix: check}\n"} {
		if key, _, _ := strings.Cut(line, ":"); !strings.Contains(spec, key+":") {
			spec += line
		}
	}
	return fmt.Sprintf(`
apiVersion: batch-job-controller.io/v1alpha1
kind: NodeCronJob
metadata: {name: %s}
spec:
%s`, name, spec)
}

const (
	textual    = "  podTemplate: 'kind: Pod'\n"
	structured = "  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: check, image: 'check:1'}]}}\n"
)

func executionOf(name, spec string) string {
	return fmt.Sprintf(`{"apiVersion": "batch-job-controller.io/v1alpha1", "kind": "Execution", "metadata": {"name": %q},
"spec": {"nodeCronJobName": "check"%s}}`, name, spec)
}

func (r *resources) applyBoth(t *testing.T) {
	first, second := nodeCronJob("applied", structured), nodeCronJob("applied", structured+"  podPoolSize: 5\n")
	steps := []struct{ manifest, flag, want string }{
		{first, "--server-side=false", "created"},
		{first, "--server-side=false", "unchanged"},
		{second, "--server-side=false", "configured"},
		{first, "--server-side=false", "configured"},
		{nodeCronJob("applied-by-server", structured), "--server-side", "serverside-applied"},
		{strings.ReplaceAll(second, "name: applied", "name: applied-by-server"), "--server-side", "serverside-applied"},
	}
	for _, step := range steps {
		if out := r.kubectl(t, step.manifest, "apply", step.flag, "-f", "-"); !strings.Contains(out, step.want) {
			t.Errorf("apply %s: got %s, want %s", step.flag, out, step.want)
		}
	}
	for name, want := range map[string]int32{"applied": 10, "applied-by-server": 5} {
		got, err := r.client.NodeCronJobs(r.namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Spec.PodPoolSize != want || got.Spec.Template.Labels["a"] != "b" {
			t.Errorf("%s: got %+v, want a pool of %d, and the label", name, got.Spec, want)
		}
	}
	// A port gets its protocol. kubectl says of every further client-side apply that it
	// changes the object, because it compares lists as a whole; but it changes nothing.
	withPort := nodeCronJob("with-port", strings.Replace(structured, "image:", "ports: [{containerPort: 80}], image:", 1))
	var generations []int64
	for range 2 {
		r.kubectl(t, withPort, "apply", "--server-side=false", "-f", "-")
		got, err := r.client.NodeCronJobs(r.namespace).Get(t.Context(), "with-port", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if protocol := got.Spec.Template.Spec.Containers[0].Ports[0].Protocol; protocol != corev1.ProtocolTCP {
			t.Errorf("the protocol is %q, want TCP", protocol)
		}
		generations = append(generations, got.Generation)
	}
	if generations[0] != generations[1] {
		t.Errorf("the generations are %d, want the same", generations)
	}
	// A misspelled field of the pod is reported, not dropped.
	misspelled := strings.Replace(first, "image:", "imege:", 1)
	r.expect(t, `unknown field "spec.template.spec.containers[0].imege"`, misspelled, "apply", "-f", "-")
}

func (r *resources) defaults(t *testing.T) {
	r.kubectl(t, nodeCronJob("defaults", textual), "create", "-f", "-")
	r.kubectl(t, executionOf("defaults", ""), "create", "-f", "-")
	for kind, want := range map[string]string{
		"nodecronjob": `{"backoffLimit":0,"callback":{"limits":{"bytesPerExecution":"20Gi","bytesPerTask":"128Mi","eventBurst":10,"eventInterval":"30s",` +
			`"eventsPerTask":30,"filesPerTask":64,"labelSets":100,"labelSize":"128","resultsPerTask":20,"samplesPerResult":1000},"tokensPerSecret":50},` +
			`"concurrencyPolicy":"Forbid","cronExpression":"42 3 * * *","jobHistory":3,"jobTimeout":"1h","latestMetricsLabel":false,` +
			`"metrics":{"prefix":"check"},"podPoolSize":10,"podTemplate":"kind: Pod","priority":0,"reportHistory":30,"runOnStartup":false,` +
			`"runOnUnscheduledNodes":false,"savePodLog":false,"startDeadline":"10m","startupDelay":"10s","suspend":false,"timeZone":"UTC","tolerateNoExecute":false}`,
		"execution": `{"nodeCronJobName":"check","paused":false,"trigger":"Manual"}`,
	} {
		if got := r.kubectl(t, "", "get", kind, "defaults", "-o", "jsonpath={.spec}"); got != want {
			t.Errorf("%s: got  %s\nwant %s", kind, got, want)
		}
	}
}

func (r *resources) rules(t *testing.T) {
	tests := map[string]struct{ manifest, want string }{
		"both templates":              {nodeCronJob("a", textual+structured), "exactly one of template and podTemplate"},
		"no template":                 {nodeCronJob("a", ""), "exactly one of template and podTemplate"},
		"a name with a dot":           {nodeCronJob("a.b", textual), "metadata.name must be a DNS label"},
		"a time zone in the schedule": {nodeCronJob("a", textual+"  cronExpression: CRON_TZ=UTC 42 3 * * *\n"), "set timeZone"},
		"a duration out of range":     {nodeCronJob("a", textual+"  jobTimeout: 0s\n"), "must be from 1s to 1000h"},
		"a deadline out of range":     {nodeCronJob("a", textual+"  startingDeadline: 1001h\n"), "must be at most 1000h"},
		"a size out of range":         {nodeCronJob("a", textual+"  callback: {limits: {bytesPerTask: 1}}\n"), "must be a size from 1Ki to 1Ti"},
		"a gauge with a dash":         {nodeCronJob("a", textual+"  metrics: {prefix: check, gauges: {a-b: {}}}\n"), "the name of a gauge must consist of"},
		"a gauge of the controller":   {nodeCronJob("a", textual+"  metrics: {prefix: check, gauges: {pods: {}}}\n"), "the controller itself sets the gauges"},
		"a Secret without name":       {nodeCronJob("a", textual+"  jobImagePullSecrets: [{}]\n"), "each must have the name of a Secret"},
		"a policy of a CronJob":       {nodeCronJob("a", textual+"  concurrencyPolicy: Allow\n"), `"Forbid", "Queue", "Replace"`},
		"a key of the controller":     {nodeCronJob("a", textual+"  reportDirectory: /var/www\n"), `unknown field "spec.reportDirectory"`},
		"a template that is too long": {nodeCronJob("a", "  podTemplate: "+strings.Repeat("a", 262145)+"\n"), "Too long"},
		"all that a gauge may be":     {nodeCronJob("a", textual+"  metrics: {prefix: check, gauges: {disk_free: {help: Free., labels: [device]}}}\n"), ""},
		"free-form settings":          {nodeCronJob("a", textual+"  custom: {a: {b: [1, two]}}\n"), ""},
		"a tick without its time":     {executionOf("a", `, "trigger": "Cron"`), "scheduledTime is required unless trigger is Manual"},
		"nodes in no way":             {executionOf("a", `, "nodes": {}`), "exactly one of names, selector and fromExecution"},
		"nodes in two ways":           {executionOf("a", `, "nodes": {"names": ["a"], "selector": {}}`), "exactly one of names, selector and fromExecution"},
		"too many nodes":              {executionOf("a", `, "nodes": {"names": [`+strings.Repeat(`"a",`, 1000)+`"b"]}`), "must have at most 1000 items"},
		"too many values": {executionOf("a", `, "nodes": {"selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": [`+
			strings.Repeat(`"a",`, 256)+`"b"]}]}}`), "at most 256 values"},
		"a state that is not final":     {executionOf("a", `, "nodes": {"fromExecution": {"name": "a", "states": ["Running"]}}`), "supported values"},
		"overrides of nothing":          {executionOf("a", `, "overrides": {}`), "should have at least 1 properties"},
		"an unknown way to cancel":      {executionOf("a", `, "cancel": "Now"`), `"Drain", "Stop"`},
		"nodes by labels, with reasons": {executionOf("a", `, "reason": "a", "requestedBy": "b", "nodes": {"selector": {"matchLabels": {"a": "b"}}}`), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r.expect(t, tt.want, tt.manifest, "create", "--dry-run=server", "-f", "-")
		})
	}
}

func (r *resources) changes(t *testing.T) {
	tests := []struct{ name, patch, want string }{
		{"paused", `{"spec": {"paused": true}}`, ""},
		{"resumed", `{"spec": {"paused": null}}`, ""},
		{"on other nodes", `{"spec": {"nodes": {"names": ["a", "b"]}}}`, "nodes is immutable"},
		{"on all nodes", `{"spec": {"nodes": null}}`, "nodes is immutable"},
		{"of another NodeCronJob", `{"spec": {"nodeCronJobName": "other"}}`, "nodeCronJobName is immutable"},
		{"with another trigger", `{"spec": {"trigger": "Cron"}}`, "trigger is immutable"},
		{"due later", `{"spec": {"scheduledTime": "2006-01-02T15:04:06Z"}}`, "scheduledTime is immutable"},
		{"for another reason", `{"spec": {"reason": "b"}}`, "reason is immutable"},
		{"asked for by another", `{"spec": {"requestedBy": "b"}}`, "requestedBy is immutable"},
		{"with other overrides", `{"spec": {"overrides": {"podPoolSize": 2}}}`, "overrides is immutable"},
		{"drained", `{"spec": {"cancel": "Drain"}}`, ""},
		{"drained no more", `{"spec": {"cancel": null}}`, "cancel cannot be taken back"},
		{"stopped", `{"spec": {"cancel": "Stop"}}`, ""},
		{"drained again", `{"spec": {"cancel": "Drain"}}`, "cancel cannot be taken back"},
	}
	r.kubectl(t, executionOf("changes", `, "scheduledTime": "2006-01-02T15:04:05Z", "nodes": {"names": ["a"]}`), "create", "-f", "-")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r.expect(t, tt.want, "", "patch", "execution", "changes", "--type=merge", "--patch", tt.patch)
		})
	}
}
