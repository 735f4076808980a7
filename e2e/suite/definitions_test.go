//go:build e2e

package suite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// as returns the command line of a user who has only these ClusterRoles, in the namespace.
func (c commandLine) as(t *testing.T, ctx context.Context, user string, roles ...string) commandLine {
	t.Helper()
	for _, role := range roles {
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{GenerateName: user + "-"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		}
		if _, err := env.cluster.RbacV1().RoleBindings(c.namespace).Create(ctx, binding, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	config, err := clientcmd.LoadFromFile(env.provider.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, access := range config.AuthInfos {
		access.Impersonate = user
	}
	c.kubeconfig = filepath.Join(t.TempDir(), user)
	if err := clientcmd.WriteToFile(*config, c.kubeconfig); err != nil {
		t.Fatal(err)
	}
	return c
}

// definition returns the manifest of a NodeCronJob whose pods run a script, with more keys in its
// spec. nil removes one.
func definition(t *testing.T, name, cron, script string, more ...object) string {
	t.Helper()
	spec := object{
		"cronExpression": cron, "podPoolSize": 3, "jobTimeout": "5m",
		"jobNodeSelector": object{"kubernetes.io/os": "linux"}, "runOnUnscheduledNodes": true, // the nodes that other tests leave alone
		"metrics": object{"prefix": strings.ReplaceAll(name, "-", "_")}, "podTemplate": podTemplate(script),
	}
	for _, keys := range more {
		maps.Copy(spec, keys)
	}
	maps.DeleteFunc(spec, func(_ string, value any) bool { return value == nil })
	text, err := yaml.Marshal(object{
		"apiVersion": "batch-job-controller.io/v1alpha1", "kind": "NodeCronJob", "metadata": object{"name": name}, "spec": spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// never has no tick while a test runs.
const never = "0 0 29 2 *"

// users are those of one installation. Only the admin has rights beyond its namespace.
type users struct {
	admin            commandLine
	editor, operator commandLine // who may define, and who may run what is defined
}

// newUsers installs a controller.
func newUsers(t *testing.T, ctx context.Context, name string) users {
	t.Helper()
	if len(env.nodes) < 3 {
		t.Skipf("this cluster has %d nodes, three are needed", len(env.nodes))
	}
	u := users{admin: newCommandLine(t, ctx, name)}
	config, err := os.ReadFile("../../kustomize/overlays/demo/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// Its definition runs on the nodes that other tests leave alone, as those of the tests do.
	text := string(config) + "jobNodeSelector: {kubernetes.io/os: linux}\nrunOnUnscheduledNodes: true\n"
	u.admin.run(t, ctx, 0, "install", "--overlay", "demo", "--image", env.image.Name, "-f", u.admin.write(t, "config.yaml", text),
		"-t", u.admin.write(t, "pod-template.yaml", podTemplate("true")), "--timeout", "10m")
	u.editor = u.admin.as(t, ctx, "editor", "edit")
	u.operator = u.admin.as(t, ctx, "operator", "batch-job-controller-run:"+u.admin.namespace, "view")
	return u
}

// kubectl runs kubectl as the user, in the namespace.
func (c commandLine) kubectl(t *testing.T, ctx context.Context, args ...string) string {
	t.Helper()
	out, err := c.tryKubectl(t, ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c commandLine) tryKubectl(t *testing.T, ctx context.Context, args ...string) (string, error) {
	t.Helper()
	return kubectlWith(t, ctx, c.kubeconfig, append([]string{"-n", c.namespace}, args...)...)
}

// define applies a definition, and waits until it is ready.
func (c commandLine) define(t *testing.T, ctx context.Context, name, manifest string) {
	t.Helper()
	c.run(t, ctx, 0, "apply", "-f", c.write(t, name+".yaml", manifest))
	c.kubectl(t, ctx, "wait", "ncj/"+name, "--for=condition=Ready", "--timeout=2m")
}

// TestNodeCronJobsOfUsers is what users do with NodeCronJobs and executions who have no rights
// but in their namespace.
func TestNodeCronJobsOfUsers(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	u := newUsers(t, ctx, "ncj")
	editor, operator := u.editor, u.operator
	bad := env.nodes[1]
	failing := fmt.Sprintf(`if [ "$NODE_NAME" = %s ] && [ ! -e /tmp/mended ]; then exit 7; fi`, bad)

	t.Run("apply checks a definition, and creates it", func(t *testing.T) {
		wrong := editor.write(t, "wrong.yaml", definition(t, "disk", "61 * * * *", failing))
		wantText(t, editor.run(t, ctx, 2, "apply", "-f", wrong), "wrong.yaml:", "cronExpression", "61")
		right := editor.write(t, "right.yaml", definition(t, "disk", never, failing))
		wantText(t, editor.run(t, ctx, 0, "apply", "-f", right), "nodecronjob.batch-job-controller.io/disk created")
		editor.kubectl(t, ctx, "wait", "ncj/disk", "--for=condition=Ready", "--timeout=2m")
	})
	t.Run("a user who may only run cannot define, and runs what is defined", func(t *testing.T) {
		wantText(t, operator.run(t, ctx, 4, "apply", "-f", operator.write(t, "own.yaml", definition(t, "own", never, "true"))), "forbidden")
		text := operator.run(t, ctx, 1, "run", "disk", "--reason", "a new disk", "--wait", "--timeout", "5m")
		wantText(t, text, "2 of 3 nodes succeeded, 1 failed", bad)
	})
	first := ""
	t.Run("kubectl shows the definition and its executions, in all columns", func(t *testing.T) {
		editor.kubectl(t, ctx, "wait", "ncj/disk", "--for=condition=Healthy=False", "--timeout=1m")
		first = editor.kubectl(t, ctx, "get", "ncj", "disk", "-o", "jsonpath={.status.lastExecution.name}")
		u.wantColumns(t, ctx, first)
	})
	t.Run("kubectl wait knows that a node was bad", func(t *testing.T) {
		operator.kubectl(t, ctx, "wait", "execution/"+first, "--for=condition=Degraded", "--timeout=1m")
	})
	t.Run("the command line shows them, too, in all formats", func(t *testing.T) { u.wantFormats(t, ctx) })
	t.Run("names of definitions are completed", func(t *testing.T) {
		wantText(t, operator.run(t, ctx, 0, "__complete", "-n", operator.namespace, "run", "di"), "disk\t"+never)
	})
	t.Run("rerun runs the bad node only", func(t *testing.T) {
		text := operator.run(t, ctx, 1, "rerun", first, "--yes", "--wait", "--timeout", "5m")
		wantText(t, text, "1 failed", bad, "0 of 1 nodes succeeded")
	})
	t.Run("run --nodes runs on some nodes", func(t *testing.T) {
		name := operator.begin(t, ctx, "run", "disk", "--nodes", env.nodes[0])
		wantText(t, operator.run(t, ctx, 0, "wait", name, "--timeout", "5m"), "1 of 1 nodes succeeded")
		operator.kubectl(t, ctx, "wait", "execution/"+name, "--for=condition=Degraded=False", "--timeout=1m")
	})
	t.Run("a second definition has its own ticks, while the first one's execution is open", func(t *testing.T) {
		editor.define(t, ctx, "slow", definition(t, "slow", never, untilLetGo))
		operator.run(t, ctx, 0, "run", "slow")
		editor.define(t, ctx, "minutely", definition(t, "minutely", "* * * * *", "true"))
		editor.kubectl(t, ctx, "wait", "ncj/minutely", "--for=jsonpath={.status.lastExecution.counts.ok}=3", "--timeout=5m")
		wantText(t, editor.kubectl(t, ctx, "get", "executions", "-o", "wide"), "Cron", "Open")
		u.wantOpenColumns(t, ctx)
	})
	open := func(t *testing.T) string {
		t.Helper()
		return strings.TrimSpace(editor.kubectl(t, ctx, "get", "ncj", "slow", "-o", "jsonpath={.status.activeExecution.name}"))
	}
	t.Run("an execution is paused, resumed and canceled", func(t *testing.T) {
		name := open(t)
		operator.run(t, ctx, 0, "pause", name)
		wantText(t, editor.kubectl(t, ctx, "get", "execution", name, "-o", "jsonpath={.spec.paused}"), "true")
		operator.run(t, ctx, 0, "resume", name)
		operator.run(t, ctx, 0, "cancel", name, "--stop")
		wantText(t, operator.run(t, ctx, 6, "wait", name, "--timeout", "5m"), "canceled")
	})
	t.Run("a suspended definition has no ticks", func(t *testing.T) {
		editor.run(t, ctx, 0, "suspend", "minutely")
		ready := func(reason string) {
			t.Helper()
			editor.kubectl(t, ctx, "wait", "ncj/minutely", `--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=`+reason, "--timeout=1m")
		}
		ready("Suspended")
		last := func() string {
			return editor.kubectl(t, ctx, "get", "ncj", "minutely", "-o", "jsonpath={.status.lastScheduleTime}")
		}
		count := func() int {
			return strings.Count(editor.kubectl(t, ctx, "get", "executions", "-o", "name"), "/minutely-")
		}
		tick, before := last(), count()
		eventually(t, ctx, func() error {
			if last() == tick {
				return errors.New("no tick has come since it was suspended")
			}
			return nil
		})
		if after := count(); after > before {
			t.Errorf("there are %d executions, %d more than when it was suspended", after, after-before)
		}
		editor.run(t, ctx, 0, "unsuspend", "minutely")
		ready("Scheduled")
	})
	t.Run("deleted definitions take their executions and Jobs with them", func(t *testing.T) {
		const selector = jobspec.NodeCronJobLabel + " in (disk,slow,minutely)"
		for _, name := range []string{"disk", "slow", "minutely"} {
			there := editor.kubectl(t, ctx, "get", "executions,jobs", "-o", "name", "-l", jobspec.NodeCronJobLabel+"="+name)
			wantText(t, there, "execution.batch-job-controller.io/"+name+"-", "job.batch/"+name+"-")
		}
		editor.kubectl(t, ctx, "delete", "ncj", "disk", "slow", "minutely", "--timeout=2m")
		eventually(t, ctx, func() error {
			if left := editor.kubectl(t, ctx, "get", "executions,jobs", "-o", "name", "-l", selector); left != "" {
				return fmt.Errorf("left are %s", left)
			}
			return nil
		})
	})
}
