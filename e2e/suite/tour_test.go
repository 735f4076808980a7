//go:build e2e

package suite

import (
	"context"
	"embed"
	"io/fs"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

//go:embed testdata/tour
var tourFiles embed.FS

// tour is an execution whose pods use every feature.
type tour struct {
	scenario
	execution deploy.Execution
	pods      map[string]corev1.Pod // by node
	inFlight  int                   // the largest number of pods at one time
}

// TestTour sets every key of the configuration, runs one execution, and checks everything that it
// leaves.
func TestTour(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	tour := takeTour(t, ctx)
	t.Run("environment", func(t *testing.T) { testEnvironment(t, ctx, tour) })
	t.Run("configuration", func(t *testing.T) { testConfiguration(t, ctx, tour) })
	t.Run("results", func(t *testing.T) { testResults(t, ctx, tour) })
	t.Run("files", func(t *testing.T) { testFiles(t, ctx, tour) })
	t.Run("logs", func(t *testing.T) { testLogs(t, ctx, tour) })
	t.Run("events", func(t *testing.T) { testEvents(t, ctx, tour) })
	t.Run("refusals", func(t *testing.T) { testRefusals(t, ctx, tour) })
	t.Run("kubectl", func(t *testing.T) { testKubectl(t, ctx, tour) })
	t.Run("health", func(t *testing.T) { testHealth(t, ctx, tour) })
	t.Run("leader", func(t *testing.T) { testLeader(t, ctx, tour) }) // last: it ends the controller
}

func takeTour(t *testing.T, ctx context.Context) tour {
	t.Helper()
	namespace := newNamespace(t, "tour")
	createTourObjects(t, ctx, namespace)
	pool := watchPool(t, ctx, namespace)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:       namespace,
		ConfigMap:       "tour-configuration",
		Config:          tourFile(t, "config.yaml"),
		PodTemplate:     strings.ReplaceAll(tourFile(t, "pod-template.yaml"), "JOB_IMAGE", env.provider.JobImage()),
		Service:         "callback",
		ServicePort:     8095,
		ReportDirectory: "/var/reports",
	})
	execution, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	pods, err := s.JobPods(ctx, execution.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		if got := execution.Outcomes[node].State; got != "succeeded" {
			t.Errorf("node %s: %s %s\n%s", node, got, execution.Outcomes[node].Reason, podLog(ctx, pods[node]))
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return tour{scenario: s, execution: execution, pods: pods, inFlight: pool.stop()}
}

func createTourObjects(t *testing.T, ctx context.Context, namespace string) {
	t.Helper()
	files := map[string]string{}
	entries, err := fs.ReadDir(tourFiles, "testdata/tour")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		files[entry.Name()] = tourFile(t, entry.Name())
	}
	_, err = env.cluster.CoreV1().ConfigMaps(namespace).Create(ctx,
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "tour-files"}, Data: files}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = env.cluster.CoreV1().ServiceAccounts(namespace).Create(ctx,
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "runner"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func tourFile(t *testing.T, name string) string {
	t.Helper()
	data, err := tourFiles.ReadFile("testdata/tour/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// podLog returns the logs of a failed pod.
func podLog(ctx context.Context, pod corev1.Pod) string {
	var said strings.Builder
	for _, c := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		log, err := containerLog(ctx, pod, c.Name)
		if err != nil {
			log = err.Error()
		}
		said.WriteString(c.Name + ": " + log + "\n")
	}
	return said.String()
}

func containerLog(ctx context.Context, pod corev1.Pod, container string) (string, error) {
	log, err := env.cluster.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: container}).DoRaw(ctx)
	return string(log), err
}
