//go:build e2e

package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// commandLine runs kubectl-batchjob in an empty directory, with only a kubeconfig.
type commandLine struct {
	program, dir, namespace, kubeconfig string
}

func newCommandLine(t *testing.T, ctx context.Context, name string) commandLine {
	t.Helper()
	program, err := env.commandLine(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := commandLine{program, t.TempDir(), namespaceName(name), env.provider.Kubeconfig()}
	cleanup(t, func(ctx context.Context) error {
		c.run(t, ctx, 0, "uninstall", "--delete-reports", "--delete-namespace")
		return nil
	})
	return c
}

// run runs a command and returns its output, stdout before stderr.
func (c commandLine) run(t *testing.T, ctx context.Context, wantStatus int, args ...string) string {
	t.Helper()
	if args[0] != cobra.ShellCompRequestCmd { // whose last argument is what is typed
		args = append(args, "-n", c.namespace)
	}
	cmd := exec.CommandContext(ctx, c.program, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"HOME=" + c.dir, "KUBECONFIG=" + c.kubeconfig, "PATH=/nowhere"}
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	text := string(out) + failure.String()
	t.Logf("%s: status %d\n%s", strings.Join(args, " "), cmd.ProcessState.ExitCode(), text)
	if got := cmd.ProcessState.ExitCode(); got != wantStatus {
		t.Errorf("%v: got status %d, want %d", args, got, wantStatus)
	}
	return text
}

// write writes a file into the directory, and returns its name.
func (c commandLine) write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func wantText(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// waitForEvent waits for an event with the reason and text.
func (c commandLine) waitForEvent(t *testing.T, ctx context.Context, reason, says string) {
	t.Helper()
	eventually(t, ctx, func() error {
		events, err := env.cluster.CoreV1().Events(c.namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=" + reason})
		if err == nil && !slices.ContainsFunc(events.Items, func(e corev1.Event) bool { return strings.Contains(e.Message, says) }) {
			err = fmt.Errorf("there is no event %s about %s", reason, says)
		}
		return err
	})
}

// TestCommandLine runs an execution with three commands on an empty namespace, and uninstalls
// the controller. It does not run together with tests that add or cordon nodes: readers of the
// page have a cluster of their own.
func TestCommandLine(t *testing.T) {
	ctx := scenarioContext(t)
	c := newCommandLine(t, ctx, "cli")
	template := c.write(t, "pod-template.yaml", podTemplate(`curl -fsS -d '{"load": [{"value": 1, "labels": {"minutes": "1"}}]}' "$CALLBACK_SERVICE_RESULT_URL"`))
	install := []string{"install", "--overlay", "demo", "--image", env.image.Name, "-t", template}

	t.Run("install makes the namespace and all objects, and waits until the controller is ready", func(t *testing.T) {
		text := c.run(t, ctx, 0, install...)
		wantText(t, text, "namespace/"+c.namespace+" created", "deployment.apps/batch-job-controller created",
			"clusterrole.rbac.authorization.k8s.io/batch-job-controller:"+c.namespace+" created",
			"clusterrole.rbac.authorization.k8s.io/batch-job-controller-run:"+c.namespace+" created",
			"rollout: 1 of 1 replicas ready", "An execution starts 5s after the controller", " wait -n "+c.namespace)
	})
	over, first := regexp.MustCompile(`execution \d+ closed`), ""
	t.Run("wait returns when every node has succeeded", func(t *testing.T) {
		text := c.run(t, ctx, 0, "wait", "--timeout", "3m")
		first = over.FindString(text)
		wantText(t, text, "closed after", ": 3 of 3 nodes succeeded", "port-forward service/batch-job-controller 8080",
			"port-forward service/batch-job-controller 8080 9153", "grep ^demo_")
	})
	t.Run("status shows the controller and the execution", func(t *testing.T) {
		text := c.run(t, ctx, 0, "status")
		wantText(t, text, "1 of 1 replicas ready", env.image.Name, "overlay demo", "leader:     pod batch-job-controller-", "EXECUTION", "startup", "Closed")
	})
	t.Run("wait tells why a controller does not start, and is about the execution that begins with it", func(t *testing.T) {
		c.run(t, ctx, 0, "install", "--overlay", "demo", "--image", "localhost/nowhere:1", "-t", template, "--timeout", "0")
		wantText(t, c.run(t, ctx, 3, "wait", "--timeout", "20s"), "the controller has not started: pod batch-job-controller-", "Image")
		c.run(t, ctx, 0, install...)
		text := c.run(t, ctx, 0, "wait", "--timeout", "3m")
		wantText(t, text, "3 of 3 nodes succeeded")
		if next := over.FindString(text); next == first {
			t.Errorf("it is about the previous execution: %s", next)
		}
	})
	t.Run("diff finds nothing, and installing again changes nothing", func(t *testing.T) {
		c.run(t, ctx, 0, append([]string{"diff"}, install[1:]...)...)
		text := c.run(t, ctx, 0, install...)
		if strings.Contains(text, "created") || strings.Contains(text, "configured") {
			t.Error("something was changed")
		}
		wantText(t, text, "is unchanged in namespace", "The next execution starts at", "Reports are lost with the controller's pod")
	})
	t.Run("a configuration that is wrong is refused before anything is sent", func(t *testing.T) {
		wrong := c.write(t, "wrong.yaml", "name: demo\ncronExpression: sometimes\npodPoolSiz: 3\nmetrics: {prefix: x}\n")
		text := c.run(t, ctx, 2, append(install, "-f", wrong)...)
		wantText(t, text, "wrong.yaml:2: cronExpression: ", `"sometimes"`, "wrong.yaml:3: podPoolSiz: ")
		c.run(t, ctx, 0, append([]string{"diff"}, install[1:]...)...)
	})
	t.Run("pods that Pod Security forbids are refused before anything is sent", func(t *testing.T) {
		careless := c.write(t, "careless.yaml", "kind: Pod\nspec: { containers: [ { name: job, image: localhost/job:1 } ] }\n")
		wantText(t, c.run(t, ctx, 2, append(install, "-t", careless)...), "careless.yaml: ", c.namespace, "restricted", "runAsNonRoot")
		c.run(t, ctx, 0, append([]string{"diff"}, install[1:]...)...)
	})
	t.Run("a controller that another start would not help is given up at once, with its log", func(t *testing.T) {
		greedy := c.write(t, "greedy.yaml", podTemplate("true")+"      resources: { requests: { memory: 64Mi }, limits: { memory: 32Mi } }\n")
		text := c.run(t, ctx, 4, append(install, "-t", greedy, "--timeout", "2m")...)
		wantText(t, text, "a restart would not help", "The end of its log:", "rejects the Job", "memory limit of 32Mi")
		wantText(t, c.run(t, ctx, 4, "status"), "0 of 1 replicas ready")
	})
	t.Run("nodes that fail are named with their reason, and end wait and status with 1", func(t *testing.T) {
		failing := c.write(t, "failing.yaml", podTemplate("exit 7"))
		args := append(install[1:len(install)-1:len(install)-1], failing)
		wantText(t, c.run(t, ctx, 1, append([]string{"diff"}, args...)...), "-", "exit 7")
		wantText(t, c.run(t, ctx, 0, append([]string{"install"}, args...)...), "configmap/batch-job-controller configured")
		wantText(t, c.run(t, ctx, 1, "wait", "--timeout", "3m"), "0 of 3 nodes succeeded, 3 failed", "ContainerFailed", env.nodes[0])
		wantText(t, c.run(t, ctx, 1, "status"), "ContainerFailed", env.nodes[0], "logs")
	})
	t.Run("nodes that send no result are unreported, and end wait and status with 1", func(t *testing.T) {
		silent := c.write(t, "silent.yaml", podTemplate("exit 0"))
		c.run(t, ctx, 0, append(install[:len(install)-1:len(install)-1], silent)...)
		wantText(t, c.run(t, ctx, 1, "wait", "--timeout", "3m"), "0 of 3 nodes succeeded, 3 unreported", env.nodes[0])
		wantText(t, c.run(t, ctx, 1, "status"), "UNREPORTED", "succeeded without a result", env.nodes[0])
	})
	t.Run("pods that may not be created are pending, with the reason", func(t *testing.T) {
		const device = "example.com/device"
		none := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "no-devices"}, Spec: corev1.ResourceQuotaSpec{
			Hard: corev1.ResourceList{"requests." + device: resource.MustParse("0")},
		}}
		if _, err := env.cluster.CoreV1().ResourceQuotas(c.namespace).Create(ctx, none, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		refused := c.write(t, "refused.yaml", podTemplate("exit 0")+"      resources: { limits: { "+device+": 1 } }\n")
		c.run(t, ctx, 0, append(install[:len(install)-1:len(install)-1], refused)...)
		c.waitForEvent(t, ctx, "FailedCreate", "no-devices")
		text := c.run(t, ctx, 3, "wait", "--timeout", "10s")
		wantText(t, text, "0 of 3 nodes succeeded, 3 pending", "FailedCreate", "exceeded quota: no-devices")
		wantText(t, c.run(t, ctx, 1, "status"), "FailedCreate", "exceeded quota", "To end it early, with a report: ", " cancel ")
	})
	t.Run("an image that cannot be pulled is told while it is waited for", func(t *testing.T) {
		absent := append(install[:len(install):len(install)], "--image", "localhost/nothing:like-this", "--timeout")
		c.run(t, ctx, 0, append(absent, "0")...)
		c.waitForEvent(t, ctx, "Failed", "localhost/nothing:like-this")
		text := c.run(t, ctx, 3, append(absent, "10s")...)
		wantText(t, text, "container controller: ", "Image", "is not ready: timed out after 10s", "status")
	})
	t.Run("uninstall deletes all of it, and says what it keeps", func(t *testing.T) {
		wantText(t, c.run(t, ctx, 0, "uninstall"), "deployment.apps/batch-job-controller deleted",
			"clusterrole.rbac.authorization.k8s.io/batch-job-controller-run:"+c.namespace+" deleted", "Kept: namespace "+c.namespace)
		pods, err := env.cluster.CoreV1().Pods(c.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=controller"})
		if err != nil {
			t.Fatal(err)
		}
		if len(pods.Items) > 0 {
			t.Errorf("pod %s still exists", pods.Items[0].Name)
		}
		configMaps, err := env.cluster.CoreV1().ConfigMaps(c.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=batch-job-controller"})
		if err != nil {
			t.Fatal(err)
		}
		for _, left := range configMaps.Items {
			t.Errorf("ConfigMap %s still exists", left.Name)
		}
		wantText(t, c.run(t, ctx, 2, "status"), "no controller in namespace "+c.namespace, "install --overlay")
	})
}

// TestCommandLineAmongOthers installs into a namespace in which other field managers have
// changed objects.
func TestCommandLineAmongOthers(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	c := newCommandLine(t, ctx, "cli-others")
	install := []string{"install", "--overlay", "demo", "--image", env.image.Name, "--timeout", "0"}
	c.run(t, ctx, 0, append(install, "--component", "ha")...)
	deployments := env.cluster.AppsV1().Deployments(c.namespace)
	claims := env.cluster.CoreV1().PersistentVolumeClaims(c.namespace)

	t.Run("the field of another is named with its owner, and nothing is changed", func(t *testing.T) {
		scaled := []byte(`{"spec": {"replicas": 0}}`)
		_, err := deployments.Patch(ctx, "batch-job-controller", types.MergePatchType, scaled, metav1.PatchOptions{FieldManager: "somebody"})
		if err != nil {
			t.Fatal(err)
		}
		text := c.run(t, ctx, 5, append(install, "--component", "ha,tls")...)
		wantText(t, text, "deployment.apps/batch-job-controller: other field managers own", `.spec.replicas: conflict with "somebody"`, "--force-conflicts")
		role, err := env.cluster.RbacV1().Roles(c.namespace).Get(ctx, "batch-job-controller", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(fmt.Sprint(role.Rules), "batch-job-controller-tls") {
			t.Error("the Role was changed before")
		}
	})
	t.Run("with --force-conflicts the field is taken over", func(t *testing.T) {
		c.run(t, ctx, 0, append(install, "--component", "ha", "--force-conflicts")...)
		d, err := deployments.Get(ctx, "batch-job-controller", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if *d.Spec.Replicas != 2 {
			t.Errorf("got %d replicas", *d.Spec.Replicas)
		}
	})
	t.Run("what a component brought is deleted without it, but not the reports", func(t *testing.T) {
		wantText(t, c.run(t, ctx, 1, append([]string{"diff", "--overlay", "demo"}, install[3:5]...)...), "live/poddisruptionbudget.policy/batch-job-controller")
		wantText(t, c.run(t, ctx, 0, install...), "poddisruptionbudget.policy/batch-job-controller deleted", "persistentvolumeclaim/batch-job-controller kept")
		if _, err := claims.Get(ctx, "batch-job-controller", metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("reports are not put on another volume unnoticed", func(t *testing.T) {
		text := c.run(t, ctx, 4, append(install, "--component", "persistence")...)
		wantText(t, text, "persistentvolumeclaim/batch-job-controller: the volume claim of the reports cannot be changed")
	})
	t.Run("what is only in the inventory is not deleted", func(t *testing.T) {
		configMaps := env.cluster.CoreV1().ConfigMaps(c.namespace)
		if _, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "precious"}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		inventory, err := configMaps.Get(ctx, "batch-job-controller-inventory", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		inventory.Data["objects"] += "\nv1 ConfigMap " + c.namespace + " precious"
		if _, err := configMaps.Update(ctx, inventory, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		wantText(t, c.run(t, ctx, 4, "uninstall", "--delete-namespace"), "configmap/precious kept: not created by this program", "persistentvolumeclaim/batch-job-controller kept", "--delete-reports")
		if _, err := configMaps.Get(ctx, "precious", metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("reports are deleted if they are to be, also later", func(t *testing.T) {
		wantText(t, c.run(t, ctx, 0, "uninstall", "--delete-reports"), "persistentvolumeclaim/batch-job-controller deleted")
	})
	t.Run("a namespace of others is used as it is, and never deleted", func(t *testing.T) {
		c := c
		c.namespace = newNamespace(t, "cli-theirs")
		text := c.run(t, ctx, 0, install...)
		if strings.Contains(text, "namespace/") {
			t.Error("the namespace was applied")
		}
		wantText(t, c.run(t, ctx, 0, "uninstall", "--delete-namespace"), "which install did not create")
	})
}
