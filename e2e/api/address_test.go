//go:build e2e

package api

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// The callback address changes during an execution: the callback Service is recreated, and
// then the leader's POD_IP is set. Nodes run one after the other, each with the address that
// is valid when its Job is created.
func TestAnAddressThatChangesInAnExecution(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: untilEnded})
	nodes := site.AddNodes(4)
	first := createService(t, site)
	server := site.NewServer(1).WithLease(rig.ShortLease()).WithEnv("POD_IP=")
	server.Start()
	next := func(want string) {
		t.Helper()
		pod := waitAllRunning(t, site, 1)[0]
		if got := site.Env(pod)[jobspec.EnvCallbackName]; got != want {
			t.Errorf("node %s reports to %q, want %q", pod.Spec.NodeName, got, want)
		}
		endOne(t, site, pod.Spec.NodeName, 0)
	}
	waitAllRunning(t, site, 1)
	if err := site.Client.CoreV1().Services(site.Namespace).Delete(t.Context(), rig.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	second := createService(t, site)
	if first == second {
		t.Fatalf("both Services have the address %s", first)
	}
	server.Start()
	next(first) // its Job existed before
	next(second)
	waitAllRunning(t, site, 1)
	server.Kill()
	server.WithEnv("POD_IP=10.250.0.1").Start()
	next(second)
	next("10.250.0.1")
	checkReport(t, waitClosed(t, site), all(nodes, succeeded()))
}

// createService creates the callback Service, and returns its address.
func createService(t *testing.T, site *rig.Site) string {
	t.Helper()
	service, err := site.Client.CoreV1().Services(site.Namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: rig.Name},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: int32(site.CallbackPort())}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return service.Spec.ClusterIP
}
