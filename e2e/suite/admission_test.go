//go:build e2e

package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// refusedFor is how long Jobs are denied, as during a rollout of a policy engine.
const refusedFor = 20 * time.Second

// TestAdmission denies all Jobs of a namespace for a while with a policy, which has the default
// status code of the API server. Meanwhile, a controller starts with an open execution.
func TestAdmission(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	namespace := newNamespace(t, "admission")
	mend := denyJobs(t, ctx, namespace)
	began := time.Now()
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   namespace,
		Config:      configuration(t, "admission", object{"podPoolSize": 2}),
		PodTemplate: podTemplate(reportScript),
		Service:     "callback",
	})
	open, err := s.WaitForExecution(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.waitEvent(t, ctx, "JobRefused", "denied request: "+denied)
	first, err := s.Pod(ctx)
	if err != nil {
		t.Fatal(err)
	}
	deletePod(t, ctx, namespace, first.Name)
	if _, err := s.WaitHolder(ctx, first.Name); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, func() error {
		if time.Since(began) < refusedFor {
			return errors.New("the policy has not denied Jobs for long enough")
		}
		return nil
	})
	mend()
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("every node has run, in the execution whose Jobs were denied", func(t *testing.T) {
		if e.ID != open.ID {
			t.Errorf("execution %s closed, want %s", e.ID, open.ID)
		}
		for _, node := range env.nodes {
			wantOutcome(t, e, node, execution.Succeeded, "")
		}
	})
	t.Run("no controller ended because of it", func(t *testing.T) {
		pod, err := s.Pod(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range pod.Status.ContainerStatuses {
			if c.RestartCount > 0 {
				t.Errorf("container %s was restarted %d times", c.Name, c.RestartCount)
			}
		}
	})
}

const denied = "Jobs have to wait"

// denyJobs denies the Jobs of a namespace with a policy, and waits until the policy has taken
// effect. The returned function deletes the policy.
func denyJobs(t *testing.T, ctx context.Context, namespace string) (mend func()) {
	t.Helper()
	policies := env.cluster.AdmissionregistrationV1().ValidatingAdmissionPolicies()
	bindings := env.cluster.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	_, err := policies.Create(ctx, denyingPolicy(namespace), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error { return policies.Delete(ctx, namespace, metav1.DeleteOptions{}) })
	_, err = bindings.Create(ctx, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: namespace, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mended := false
	end := func(ctx context.Context) error {
		if mended {
			return nil
		}
		mended = true
		return bindings.Delete(ctx, namespace, metav1.DeleteOptions{})
	}
	cleanup(t, end)
	probe := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "probe"},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "probe", Image: "probe"}},
		}}},
	}
	eventually(t, ctx, func() error {
		_, err := env.cluster.BatchV1().Jobs(namespace).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		switch {
		case err == nil:
			return errors.New("the policy does not deny Jobs yet")
		case !strings.Contains(err.Error(), denied):
			return fmt.Errorf("the policy does not deny Jobs yet: %w", err)
		default:
			return nil
		}
	})
	return func() {
		t.Helper()
		if err := end(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// denyingPolicy denies the Jobs of a namespace.
func denyingPolicy(namespace string) *admissionregistrationv1.ValidatingAdmissionPolicy {
	return &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
				ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{"batch"}, APIVersions: []string{"v1"}, Resources: []string{"jobs"}},
				}}},
			},
			Validations: []admissionregistrationv1.Validation{{Expression: "false", Message: denied}},
		},
	}
}

// waitEvent waits for an event of the controller with the reason and text.
func (s scenario) waitEvent(t *testing.T, ctx context.Context, reason, says string) {
	t.Helper()
	eventually(t, ctx, func() error {
		events, err := s.Events(ctx)
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.Reason == reason && strings.Contains(e.Message, says) {
				return nil
			}
		}
		return fmt.Errorf("no event %s says %q", reason, says)
	})
}
