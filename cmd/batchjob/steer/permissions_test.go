package steer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/golden"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// What a user needs for each command, and the least of the roles that has it. The golden file
// is the source of the table in docs/cli.md.
func TestPermissions(t *testing.T) {
	closes := opens(withCounts(v1alpha1.Open, v1alpha1.NodeCounts{Nodes: 3, Pending: 3}), withCounts(v1alpha1.Closed, v1alpha1.NodeCounts{Nodes: 3, OK: 3}))
	paused := func(t *testing.T, w *world) {
		w.changes(t, "dns-check-x7k2p", func(e *v1alpha1.Execution) { e.Spec.Paused = true })
	}
	plays := map[string][]play{
		"apply":      {{args: "apply -f check.yaml"}},
		"list":       {{args: "list"}, {args: "list -A -w"}},
		"executions": {{args: "executions disk-check"}, {args: "executions -w"}},
		"run": {
			{args: "run disk-check --queue --wait", prepare: busy("disk-check", 1)}, {args: "run disk-check --wait", prepare: closes},
			{args: "run disk-check --dry-run --nodes worker-1"}, {args: "run disks"},
		},
		"rerun":     {{args: "rerun"}, {args: "rerun disk-check-20261128034200 --queue --wait", prepare: closes}, {args: "rerun disk"}},
		"pause":     {{args: "pause dns-check-x7k2p"}, {args: "pause 20261128115400"}},
		"resume":    {{args: "resume dns-check-x7k2p", prepare: paused}, {args: "resume 20261128115400"}},
		"cancel":    {{args: "cancel dns-check-x7k2p"}, {args: "cancel --stop 20261128115400"}},
		"suspend":   {{args: "suspend disk-check"}, {args: "suspend disk"}},
		"unsuspend": {{args: "unsuspend dns-check"}, {args: "unsuspend dns"}},
	}
	roles := rolesOfUsers(t)
	t.Setenv("KUBECONFIG", kubeconfig(t))
	t.Chdir(t.TempDir())
	if err := os.WriteFile("check.yaml", []byte(goodManifest), 0o600); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, command := range commands(&commander{Tool: cli.NewTool("kubectl batchjob", genericiooptions.NewTestIOStreamsDiscard())}) {
		name := command.Name()
		if len(plays[name]) == 0 {
			t.Errorf("nothing is known of the permissions for %s", name)
		}
		needs := map[string]bool{}
		for _, p := range plays[name] {
			synctest.Test(t, func(t *testing.T) { p.uses(t, needs) })
		}
		if needs["patch "+v1alpha1.NodeCronJobResource] && name == "apply" {
			needs["create "+v1alpha1.NodeCronJobResource] = true // the API server asks for it if the object is new
		}
		fmt.Fprintf(&text, "%s: %s: %s\n", name, leastOf(roles, needs), strings.Join(slices.Sorted(maps.Keys(needs)), ", "))
	}
	t.Chdir(packageDir)
	golden.Check(t, "permissions", text.String())
}

// uses runs a command line, and adds what it asked of the API server.
func (p play) uses(t *testing.T, needs map[string]bool) {
	t.Helper()
	w := newWorld(t)
	if p.prepare != nil {
		p.prepare(t, w)
	}
	w.api.ClearActions()
	w.kube.ClearActions()
	w.api.PrependWatchReactor("*", func(clienttesting.Action) (bool, watch.Interface, error) {
		closed := make(chan watch.Event)
		close(closed)
		return true, watch.NewProxyWatcher(closed), nil
	})
	w.command(t.Context(), "", strings.Fields(p.args)...)
	for _, action := range slices.Concat(w.api.Actions(), w.kube.Actions()) {
		resource := action.GetResource().Resource
		if action.GetSubresource() != "" {
			resource += "/" + action.GetSubresource()
		}
		// Every user may ask who that is.
		if resource != "selfsubjectreviews" {
			needs[action.GetVerb()+" "+resource] = true
		}
	}
}

// role is a ClusterRole for users, with what it adds to.
type role struct {
	name  string
	rules []rbacv1.PolicyRule
}

// rolesOfUsers returns the roles, the least first.
func rolesOfUsers(t *testing.T) []role {
	t.Helper()
	text, err := os.ReadFile("../../../manifests/user-roles.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string][]rbacv1.PolicyRule{}
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096); ; {
		var r rbacv1.ClusterRole
		err := decoder.Decode(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.Name != "" {
			rules[r.Name] = r.Rules
		}
	}
	const view, run, edit = "batch-job-controller-view", "batch-job-controller-run", "batch-job-controller-edit"
	if len(rules) != 3 || rules[view] == nil || rules[run] == nil || rules[edit] == nil {
		t.Fatalf("got the roles %v", slices.Sorted(maps.Keys(rules)))
	}
	return []role{{"view", rules[view]}, {run, rules[run]}, {"edit", slices.Concat(rules[view], rules[edit])}}
}

// leastOf returns the least role that permits what is asked of the two kinds.
func leastOf(roles []role, needs map[string]bool) string {
	for _, r := range roles {
		if r.permits(needs) {
			return r.name
		}
	}
	return "no role"
}

func (r role) permits(needs map[string]bool) bool {
	for need := range needs {
		verb, resource, _ := strings.Cut(need, " ")
		if resource != v1alpha1.NodeCronJobResource && resource != v1alpha1.ExecutionResource {
			continue // of Kubernetes, which other roles permit
		}
		if !slices.ContainsFunc(r.rules, func(rule rbacv1.PolicyRule) bool {
			return slices.Contains(rule.APIGroups, v1alpha1.GroupName) && slices.Contains(rule.Resources, resource) && slices.Contains(rule.Verbs, verb)
		}) {
			return false
		}
	}
	return true
}
