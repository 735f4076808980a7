//go:build e2e

package suite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// TestImageBesideASidecar runs a sidecar beside a container whose image does not exist.
func TestImageBesideASidecar(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	const startDeadline = 90 * time.Second // enough for the other pods to start on a busy machine
	absent := env.nodes[0]
	pod := podTemplate(reportScript)
	pod = strings.Replace(pod, "image: "+env.provider.JobImage(),
		fmt.Sprintf(`image: '{{ if eq .NodeName %q }}localhost/absent:1{{ else }}%s{{ end }}'`, absent, env.provider.JobImage()), 1)
	pod = strings.Replace(pod, "  containers:\n", `  initContainers:
    - name: ship
      restartPolicy: Always
      image: `+env.provider.JobImage()+`
      imagePullPolicy: IfNotPresent
      command: [ sh, -c, 'while true; do sleep 1; done' ]
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: { drop: [ ALL ] }
  containers:
`, 1)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "sidecar"),
		Config:      configuration(t, "sidecar", object{"startDeadline": startDeadline.String()}),
		PodTemplate: pod,
		Service:     "callback",
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("an image that cannot be pulled ends the task at startDeadline with its reason", func(t *testing.T) {
		wantOutcome(t, e, absent, execution.Failed, "ImagePullBackOff", "ErrImagePull")
		report := s.taskReport(t, ctx, e.ID, absent)
		if !strings.HasPrefix(report.Message, "container job: ") {
			t.Errorf("the message does not name the container: %q", report.Message)
		}
		job := s.jobOf(t, ctx, e.ID, absent)
		if after := report.Finished.Sub(job.CreationTimestamp.Time); after < startDeadline-time.Second {
			t.Errorf("it ended %s after its Job was created, want %s", after, startDeadline)
		}
	})
	t.Run("a sidecar neither holds nor fails the others", func(t *testing.T) {
		for _, node := range env.nodes[1:] {
			wantOutcome(t, e, node, execution.Succeeded, "")
		}
	})
}

// TestInjectedContainer adds a container that never ends to each pod by admission, as service
// meshes do.
func TestInjectedContainer(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	namespace := newNamespace(t, "mesh")
	inject(t, ctx, namespace)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   namespace,
		Config:      configuration(t, "mesh", object{"podPoolSize": 1, "savePodLog": true}),
		PodTemplate: podTemplate(`echo "working on $NODE_NAME"` + "\n" + reportScript),
		Service:     "callback",
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the outcome is that of the template's container", func(t *testing.T) {
		for _, node := range env.nodes {
			wantOutcome(t, e, node, execution.Succeeded, "")
		}
	})
	t.Run("its log is saved", func(t *testing.T) {
		for _, node := range env.nodes {
			if got, want := s.uploaded(t, ctx, e.ID, node+"-container-job.log"), "working on "+node+"\n"; !strings.HasPrefix(got, want) {
				t.Errorf("node %s: got %q, want %q", node, got, want)
			}
		}
	})
	t.Run("the duration is that of the template's container", func(t *testing.T) {
		for _, node := range env.nodes {
			report := s.taskReport(t, ctx, e.ID, node)
			if report.Started.IsZero() || report.DurationMS > time.Minute.Milliseconds() {
				t.Errorf("node %s: started %s and took %d ms", node, report.Started, report.DurationMS)
			}
		}
	})
	t.Run("the pods had the container that was added", func(t *testing.T) {
		logs := ""
		for _, node := range env.nodes {
			// Its log is there, and may be empty: the other container can end before this one has begun.
			logs += s.uploaded(t, ctx, e.ID, node+"-container-proxy.log")
		}
		if !strings.Contains(logs, "meshing") {
			t.Errorf("the container ran on no node: %q", logs)
		}
	})
}

// inject adds a container to the job pods of a namespace by a mutating admission policy.
func inject(t *testing.T, ctx context.Context, namespace string) {
	t.Helper()
	expression := fmt.Sprintf(`[JSONPatch{op: "add", path: "/spec/containers/-", value: Object.spec.containers{
  name: "proxy", image: %q, imagePullPolicy: "IfNotPresent",
  command: ["sh", "-c", "echo meshing; trap 'exit 3' TERM; while true; do sleep 1; done"],
  securityContext: Object.spec.containers.securityContext{
    allowPrivilegeEscalation: false,
    capabilities: Object.spec.containers.securityContext.capabilities{drop: ["ALL"]}
  }}}]`, env.provider.JobImage())
	policies, bindings := env.cluster.AdmissionregistrationV1().MutatingAdmissionPolicies(), env.cluster.AdmissionregistrationV1().MutatingAdmissionPolicyBindings()
	_, err := policies.Create(ctx, &admissionv1.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Spec: admissionv1.MutatingAdmissionPolicySpec{
			ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
			MatchConstraints: &admissionv1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
				ObjectSelector:    &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: jobspec.ExecutionLabel, Operator: metav1.LabelSelectorOpExists}}},
				ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Create},
					Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
				}}},
			},
			Mutations: []admissionv1.Mutation{{
				PatchType: admissionv1.PatchTypeJSONPatch,
				JSONPatch: &admissionv1.JSONPatch{Expression: expression},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error { return policies.Delete(ctx, namespace, metav1.DeleteOptions{}) })
	_, err = bindings.Create(ctx, &admissionv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace}, Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: namespace},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error { return bindings.Delete(ctx, namespace, metav1.DeleteOptions{}) })
	var sample corev1.Pod
	if err := yaml.Unmarshal([]byte(podTemplate("true")), &sample); err != nil {
		t.Fatal(err)
	}
	sample.GenerateName, sample.Labels = "sample-", map[string]string{jobspec.ExecutionLabel: "20260101000000"}
	eventually(t, ctx, func() error { // a new policy takes effect after some time
		made, err := env.cluster.CoreV1().Pods(namespace).Create(ctx, &sample, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			return err
		}
		if len(made.Spec.Containers) != 2 {
			return fmt.Errorf("nothing was added to a pod of %d containers", len(made.Spec.Containers))
		}
		return nil
	})
}
