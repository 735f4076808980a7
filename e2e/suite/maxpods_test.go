//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// capped are the users of a controller whose ConfigMap has a cap over all definitions.
type capped struct{ users }

func newCapped(t *testing.T, ctx context.Context, maxPods int) capped {
	t.Helper()
	if len(env.nodes) < 3 {
		t.Skipf("this cluster has %d nodes, three are needed", len(env.nodes))
	}
	u := users{admin: newCommandLine(t, ctx, "maxpods")}
	u.admin.run(t, ctx, 0, "install", "--overlay", "demo", "--image", env.image.Name,
		"-f", u.admin.write(t, "config.yaml", cappedConfiguration(t, maxPods)),
		"-t", u.admin.write(t, "pod-template.yaml", podTemplate("true")), "--timeout", "10m")
	u.editor = u.admin.as(t, ctx, "editor", "edit")
	u.operator = u.admin.as(t, ctx, "operator", "batch-job-controller-run:"+u.admin.namespace, "view")
	return capped{u}
}

// cappedConfiguration has a definition of its own that never runs.
func cappedConfiguration(t *testing.T, maxPods int) string {
	t.Helper()
	return configuration(t, "capped", object{
		"maxPods": maxPods, "cronExpression": never, "runOnStartup": nil, "startupDelay": nil, "callbackServiceName": "batch-job-controller",
	})
}

// letGoEach lets so many pods go, each as soon as it runs.
func (c capped) letGoEach(t *testing.T, ctx context.Context, pool *poolWatch, number int) {
	t.Helper()
	gone := map[string]bool{}
	for len(gone) < number {
		var pod string
		eventually(t, ctx, func() error {
			for _, running := range pool.running() {
				if pod = running.Name; !gone[pod] {
					return nil
				}
			}
			return fmt.Errorf("no pod runs after %d of %d", len(gone), number)
		})
		c.editor.letGo(t, ctx, []string{pod})
		gone[pod] = true
	}
}

// waitRunning waits until pods of all these NodeCronJobs run.
func waitRunning(t *testing.T, ctx context.Context, pool *poolWatch, names ...string) {
	t.Helper()
	eventually(t, ctx, func() error {
		running := pool.running()
		for _, name := range names {
			if !slices.ContainsFunc(running, func(pod *corev1.Pod) bool { return pod.Labels[jobspec.NodeCronJobLabel] == name }) {
				return fmt.Errorf("no pod of %s runs, but %d pods", name, len(running))
			}
		}
		return nil
	})
}

// begun begins an execution, and waits until it is open.
func (c capped) begun(t *testing.T, ctx context.Context, name string, args ...string) (execution string) {
	t.Helper()
	execution = c.operator.begin(t, ctx, append([]string{"run", name}, args...)...)
	c.operator.kubectl(t, ctx, "wait", "execution/"+execution, "--for=jsonpath={.status.phase}=Open", "--timeout=1m")
	return execution
}

// TestMaxPodsOfUsers is how the pods of several definitions share one cap. Every pod waits until
// the test lets it go, so that their order is that in which slots were given.
func TestMaxPodsOfUsers(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	c := newCapped(t, ctx, 1)
	nodes := len(env.nodes)
	some := strings.Join(env.nodes[:2], ",")
	c.editor.define(t, ctx, "disk", definition(t, "disk", never, untilLetGo))
	c.editor.define(t, ctx, "firmware", definition(t, "firmware", never, untilLetGo))
	// The last one, by its name and by when it begins.
	c.editor.define(t, ctx, "urgent", definition(t, "urgent", never, untilLetGo, object{"priority": 10}))
	c.editor.define(t, ctx, "single", definition(t, "single", never, untilLetGo, object{"podPoolSize": 1}))

	t.Run("maxPods caps all executions, the highest priority goes first, and equal ones take turns", func(t *testing.T) {
		pool := watchPool(t, ctx, c.admin.namespace)
		disk := c.begun(t, ctx, "disk")
		waitRunning(t, ctx, pool, "disk")
		firmware, urgent := c.begun(t, ctx, "firmware"), c.begun(t, ctx, "urgent")
		for execution, want := range map[string]string{disk: "1", firmware: "0", urgent: "0"} {
			if share := c.operator.of(t, ctx, execution, ".status.podShare"); share != want {
				t.Errorf("the share of %s is %q, want %s", execution, share, want)
			}
		}
		c.letGoEach(t, ctx, pool, 3*nodes)
		wantText(t, c.operator.run(t, ctx, 0, "wait", disk, firmware, urgent, "--timeout", "3m"), fmt.Sprintf("%d of %d nodes succeeded", nodes, nodes))
		if most := pool.stop(); most != 1 {
			t.Errorf("%d pods were in flight at one time, want 1", most)
		}
		wantTurns(t, pool.created, nodes)
	})
	t.Run("a raised cap applies to open executions, in equal parts", func(t *testing.T) {
		pool := watchPool(t, ctx, c.admin.namespace)
		disk := c.begun(t, ctx, "disk", "--nodes", some)
		waitRunning(t, ctx, pool, "disk")
		firmware := c.begun(t, ctx, "firmware", "--nodes", some)
		patch, err := json.Marshal(object{"data": object{"config.yaml": cappedConfiguration(t, 2)}})
		if err != nil {
			t.Fatal(err)
		}
		c.editor.kubectl(t, ctx, "patch", "configmap", "batch-job-controller", "--type", "merge", "-p", string(patch))
		waitRunning(t, ctx, pool, "disk", "firmware")
		c.letGoEach(t, ctx, pool, 4)
		c.operator.run(t, ctx, 0, "wait", disk, firmware, "--timeout", "3m")
		if most := pool.stop(); most != 2 {
			t.Errorf("%d pods were in flight at one time, want 2", most)
		}
	})
	t.Run("podPoolSize caps an execution below maxPods", func(t *testing.T) {
		pool := watchPool(t, ctx, c.admin.namespace)
		single := c.begun(t, ctx, "single", "--nodes", some)
		c.letGoEach(t, ctx, pool, 2)
		c.operator.run(t, ctx, 0, "wait", single, "--timeout", "3m")
		if most := pool.stop(); most != 1 {
			t.Errorf("%d pods of single were in flight at one time, want 1", most)
		}
	})
}

// wantTurns checks the order of the pods: the one that disk had before the others began, then
// all of the highest priority, and then those of disk and firmware in turn, until one has no
// more. Who of both is first does not matter.
func wantTurns(t *testing.T, created []string, nodes int) {
	t.Helper()
	if len(created) != 3*nodes {
		t.Fatalf("there were pods of %v, want %d", created, 3*nodes)
	}
	first := append([]string{"disk"}, slices.Repeat([]string{"urgent"}, nodes)...)
	if !slices.Equal(created[:nodes+1], first) {
		t.Fatalf("pods were created in the order %v, want first %v", created, first)
	}
	left := map[string]int{"disk": nodes - 1, "firmware": nodes}
	before := ""
	for _, name := range created[nodes+1:] {
		other := map[string]string{"disk": "firmware", "firmware": "disk"}[name]
		if name == before && left[other] > 0 {
			t.Errorf("pods were created in the order %v: %s twice, while %s waited", created, name, other)
		}
		before = name
		left[name]--
	}
}
