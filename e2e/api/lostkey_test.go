//go:build e2e

package api

import (
	"bytes"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// The callback key is lost while no replica runs. The nodes that start later share a Secret
// with the running node, and get tokens of the new key. When the Secret of the key is
// deleted while a leader runs, the leader creates it again. The server has the permissions
// of the manifests.
func TestACallbackKeyThatIsLost(t *testing.T) {
	t.Parallel()
	const keyName = "batch-job-controller-callback-key"
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: untilEnded})
	nodes := site.AddNodes(3)
	server := site.NewServer(1).WithKubeconfig(site.ServiceAccount()).WithArgs("--callback-key-secret=" + keyName).WithLease(rig.ShortLease())
	secrets := site.Client.CoreV1().Secrets(site.Namespace)
	key := func() []byte {
		t.Helper()
		secret, err := secrets.Get(t.Context(), keyName, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return secret.Data["current"]
	}
	deleteKey := func() {
		t.Helper()
		if err := secrets.Delete(t.Context(), keyName, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	server.Start()
	first := waitAllRunning(t, site, 1)[0]
	given := site.Env(first)[jobspec.EnvResultURL]
	server.Kill()
	old := key()
	deleteKey()
	server.Start()
	waitLeader(t, server)
	if bytes.Equal(key(), old) {
		t.Fatal("the new key equals the lost one")
	}
	refused(t, given, resultBody(20))
	endOne(t, site, first.Spec.NodeName, 0)
	endOne(t, site, waitAllRunning(t, site, 1)[0].Spec.NodeName, 20)

	current := key()
	deleteKey()
	server.WaitMetrics(patience, "the Secret with the key exists again", func(rig.Metrics) bool {
		_, err := secrets.Get(t.Context(), keyName, metav1.GetOptions{})
		return !apierrors.IsNotFound(err)
	})
	if !bytes.Equal(key(), current) {
		t.Error("the created key is not the leader's")
	}
	endOne(t, site, waitAllRunning(t, site, 1)[0].Spec.NodeName, 20)
	report := waitClosed(t, site)
	checkReport(t, report, all(nodes, succeeded()))
	waitTokensGone(t, site, report.ID)
	for series := range server.Metrics().Of("rest_client_requests_total", `code="403"`) {
		t.Errorf("the API server refused requests: %s", series)
	}
}
