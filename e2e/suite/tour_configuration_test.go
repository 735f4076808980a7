//go:build e2e

package suite

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// testConfiguration checks the effect of each key of the configuration, except for the keys
// that the tests of results, files and logs check.
func testConfiguration(t *testing.T, ctx context.Context, tour tour) {
	t.Run("name is the prefix of the job pods", func(t *testing.T) {
		for node, pod := range tour.pods {
			if !strings.HasPrefix(pod.Name, "tour-") {
				t.Errorf("pod of node %s: got name %s", node, pod.Name)
			}
		}
	})
	t.Run("jobServiceAccount is the pods' service account", func(t *testing.T) {
		for _, pod := range tour.pods {
			if got := pod.Spec.ServiceAccountName; got != "runner" {
				t.Errorf("pod %s: got service account %s", pod.Name, got)
			}
		}
	})
	t.Run("jobImagePullSecrets are the pods' pull secrets", func(t *testing.T) {
		for _, pod := range tour.pods {
			want := []corev1.LocalObjectReference{{Name: "registry"}}
			if diff := cmp.Diff(want, pod.Spec.ImagePullSecrets); diff != "" {
				t.Errorf("pod %s (-want +got):\n%s", pod.Name, diff)
			}
		}
	})
	t.Run("jobNodeSelector selects the nodes", func(t *testing.T) {
		if got := slices.Sorted(maps.Keys(tour.pods)); !slices.Equal(got, env.nodes) {
			t.Errorf("got pods on %v, want %v", got, env.nodes)
		}
		for node, pod := range tour.pods {
			if pod.Spec.NodeName != node {
				t.Errorf("the pod meant for %s ran on %s", node, pod.Spec.NodeName)
			}
		}
	})
	t.Run("each Job is pinned to its node by nodeAffinity", func(t *testing.T) {
		for node, pod := range tour.pods {
			want := []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{
				{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{node}},
			}}}
			got := pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("node %s (-want +got):\n%s", node, diff)
			}
		}
	})
	t.Run("podPoolSize is the most pods at one time", func(t *testing.T) {
		if want := min(2, len(env.nodes)); tour.inFlight != want {
			t.Errorf("got %d pods in flight at one time, want %d", tour.inFlight, want)
		}
	})
	t.Run("runOnStartup runs an execution when the controller starts", func(t *testing.T) {
		if got := tour.execution.Trigger; got != execution.Startup {
			t.Errorf("got trigger %s", got)
		}
	})
	t.Run("startupDelay delays it", func(t *testing.T) {
		wantStartupDelay(t, ctx, tour.scenario, tour.execution, 3*time.Second)
	})
	t.Run("NAMESPACE is where the Jobs are", func(t *testing.T) {
		jobs, err := env.cluster.BatchV1().Jobs("").List(ctx, metav1.ListOptions{
			LabelSelector: jobspec.OwnerLabel + "=tour," + jobspec.ExecutionLabel + "=" + string(tour.execution.ID),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, job := range jobs.Items {
			if job.Namespace != tour.namespace {
				t.Errorf("Job %s is in namespace %s", job.Name, job.Namespace)
			}
		}
	})
	t.Run("CONFIG_MAP_NAME names the ConfigMap of the configuration", func(t *testing.T) {
		pod, err := tour.Pod(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := environmentVariable(pod, "CONFIG_MAP_NAME"); got != "tour-configuration" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("the pod template is a Go template", func(t *testing.T) {
		for node, pod := range tour.pods {
			want := strings.Join([]string{tour.namespace, string(tour.execution.ID), node}, " ")
			if got := pod.Annotations["e2e/template"]; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
	t.Run("leaderElectionResourceLock of old is taken with a warning", func(t *testing.T) {
		log, err := tour.Logs(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log, "configmapsleases") || !strings.Contains(log, "a Lease is used") {
			t.Errorf("the log has no such warning:\n%s", log)
		}
	})
}

// wantStartupDelay compares with the start time of the container, which has whole seconds.
func wantStartupDelay(t *testing.T, ctx context.Context, s scenario, e deploy.Execution, want time.Duration) {
	t.Helper()
	const startTakes = time.Minute // on a very busy machine
	pod, err := s.Pod(ctx)
	if err != nil {
		t.Fatal(err)
	}
	started := pod.Status.ContainerStatuses[0].State.Running.StartedAt.Time
	if got := e.Scheduled.Sub(started); got < want || got > want+startTakes {
		t.Errorf("the execution came %s after the start, want %s", got, want)
	}
}

func environmentVariable(pod *corev1.Pod, name string) string {
	for _, v := range pod.Spec.Containers[0].Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}
