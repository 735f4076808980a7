//go:build e2e

package api

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The names in the roles of the manifests.
const (
	roleKeySecret = "batch-job-controller-callback-key"
	roleCASecret  = "batch-job-controller-ca"
	roleTLSSecret = "batch-job-controller-tls"
)

// reportHost is the name in the certificate of the report port.
const reportHost = "reports.test"

// everything is a server with the permissions of the manifests and all components, on a site
// with a working node and nodes that do not work.
type everything struct {
	*rig.Site
	server *rig.Server
	node   string
}

// allComponents returns the components that grant permissions.
func allComponents() []string { return []string{"report-auth", "tls"} }

func newEverything(t *testing.T) *everything {
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded, Keys: map[string]any{
		"startDeadline": startDeadline.String(), "savePodLog": true, "jobHistory": 1, "reportHistory": 2,
	}})
	e := &everything{Site: site, node: site.AddNodes(1)[0]}
	e.server = site.NewServer(1).WithKubeconfig(site.ServiceAccount(allComponents()...)).
		WithArgs("--callback-key-secret="+roleKeySecret, "--ca-secret="+roleCASecret)
	return e
}

// do makes the server send every kind of request to the API server: it opens and closes
// executions, stops a Job, reads logs, writes an event twice, reviews a token, renews its
// authority, deletes the Jobs and then the records of old executions, and in the end the
// NodeCronJob of the ConfigMap's definition.
func (e *everything) do(t *testing.T) {
	ask(t, e.Site, asItIs) // which is the first one, in place of that of runOnStartup
	e.run(t, 1, func(t *testing.T) {
		e.sameEventTwice(t)
		define(t, e.Site, "disk")
		waitCondition(t, e.Site, "disk", v1alpha1.ConditionAccepted, metav1.ConditionTrue)
	})

	e.prepareTLS(t)
	e.Configure(map[string]any{
		"callback": map[string]any{"auth": "serviceAccountToken", "tls": "selfSigned"},
		"reports":  map[string]any{"auth": "serviceAccountToken", "tls": "secret", "tlsSecret": roleTLSSecret},
	})
	e.run(t, 2, func(t *testing.T) {
		e.foreignPod(t)
		e.lookAtReports(t)
		e.labelExecution(t)
	})

	// As with an API server without streaming lists.
	e.server.WithEnv("KUBE_FEATURE_WatchListClient=false")
	e.Configure(map[string]any{"callback": map[string]any{"auth": "token"}, "reports": map[string]any{}})
	e.run(t, 3, func(*testing.T) {})
}

// run starts the server, which begins the next execution, and stops the server when the
// execution has ended.
func (e *everything) run(t *testing.T, number int, during func(*testing.T)) {
	t.Helper()
	dead := fmt.Sprintf("%s-dead-%d", e.node, number) // a new one each time: a node without a kubelet does not stay ready
	e.AddDeadNode(dead)
	e.server.Start()
	during(t)
	endOne(t, e.Site, e.node, 0)
	e.deleteStopped(t, dead)
	ids := waitAllClosed(t, e.Site, number)
	checkReport(t, e.Report(ids[number-1]), map[string]execution.Outcome{
		e.node: succeeded(),
		dead:   {State: execution.Failed, Reason: execution.PodNotStarted},
	})
	if number == 3 {
		waitDropped(t, e.Site, ids)
		e.withdraw(t)
	}
	for series := range e.server.Metrics().Of("rest_client_requests_total", `code="403"`) {
		t.Errorf("the API server refused requests: %s", series)
	}
	e.server.Stop()
	if log := e.server.Log(); bytes.Contains(log, []byte("forbidden")) {
		t.Error(`the server's log has "forbidden"`)
	}
}

// withdraw removes the definition from the ConfigMap. The server then deletes its NodeCronJob.
func (e *everything) withdraw(t *testing.T) {
	t.Helper()
	e.Undefine()
	eventually(t, "the NodeCronJob of the ConfigMap's definition is gone", func() bool {
		_, err := e.Resources.NodeCronJobs(e.Namespace).Get(t.Context(), rig.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

// deleteStopped deletes a node whose Job was stopped: otherwise, a pod on a node without a
// kubelet holds its slot for its grace period.
func (e *everything) deleteStopped(t *testing.T, node string) {
	t.Helper()
	e.Audit.Until(patience, "the Job of "+node+" is stopped", func(state *audit.State) bool {
		for _, job := range state.Jobs {
			if job.Annotations[jobspec.NodeAnnotation] == node && job.Annotations[jobspec.StopAnnotation] != "" {
				return true
			}
		}
		return false
	})
	if err := e.Client.CoreV1().Nodes().Delete(t.Context(), node, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (e *everything) sameEventTwice(t *testing.T) {
	url := e.Env(waitRunning(t, e.Site, e.node))[jobspec.EnvEventURL]
	for range 2 {
		post(t, url, `{"reason":"Again","message":"and again"}`)
	}
}

// labelExecution changes the open execution, which the server then reads again.
func (e *everything) labelExecution(t *testing.T) {
	t.Helper()
	for _, record := range records(t, e.Site) {
		if record.Status.Phase != v1alpha1.Open {
			continue
		}
		_, err := e.Executions().Patch(t.Context(), record.Name, types.MergePatchType, []byte(`{"metadata":{"labels":{"looked-at":"yes"}}}`), metav1.PatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// prepareTLS creates an authority that is due for renewal, and a certificate of it that looks
// like that of another owner.
func (e *everything) prepareTLS(t *testing.T) {
	t.Helper()
	now := time.Now()
	old, err := certificate.NewAuthority(roleCASecret, now.Add(-certificate.AuthorityLife*3/4))
	if err != nil {
		t.Fatal(err)
	}
	ca, caKey, err := old.PEM()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := old.Issue(certificate.Names{DNS: []string{reportHost}}, now)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	e.createTLSSecret(t, roleCASecret, map[string][]byte{corev1.TLSCertKey: ca, corev1.TLSPrivateKeyKey: caKey})
	e.createTLSSecret(t, roleTLSSecret, map[string][]byte{
		corev1.TLSCertKey:              pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}),
		corev1.TLSPrivateKeyKey:        pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		corev1.ServiceAccountRootCAKey: ca,
	})
}

func (e *everything) createTLSSecret(t *testing.T, name string, data map[string][]byte) {
	t.Helper()
	_, err := e.Client.CoreV1().Secrets(e.Namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS, Data: data,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// foreignPod sends a callback of a pod that no cache of the server has: the server reads the
// pod and its Job from the API server.
func (e *everything) foreignPod(t *testing.T) {
	running := waitRunning(t, e.Site, e.node)
	url := e.Env(running)[jobspec.EnvResultURL]
	client := trusting(t, mounted(t, e.Site, running), e.server.Host)
	status, answer := call(t, client, http.MethodPost, url, e.foreignToken(t), `{"temperature":[{"value":1}]}`)
	if status != http.StatusUnauthorized {
		t.Errorf("a foreign pod reported: got %d %s", status, answer)
	}
}

// foreignToken returns the token of a pod of a foreign Job.
func (e *everything) foreignToken(t *testing.T) string {
	t.Helper()
	const name = "foreign"
	_, err := e.Client.BatchV1().Jobs(e.Namespace).Create(t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever,
			NodeSelector:  map[string]string{"there": "is-none"},
			Containers:    []corev1.Container{{Name: name, Image: "localhost/foreign:1"}},
		}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var pods *corev1.PodList
	eventually(t, "the foreign Job has a pod", func() bool {
		pods, err = e.Client.CoreV1().Pods(e.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: batchv1.JobNameLabel + "=" + name})
		return err == nil && len(pods.Items) == 1
	})
	return podToken(t, e.Site, &pods.Items[0])
}

func (e *everything) lookAtReports(t *testing.T) {
	client := trusting(t, bundle(t, e.Site, servingcert.ReportPort+"-"+jobspec.CAKey), reportHost)
	url := strings.Replace(e.server.ReportURL("/"), "http:", "https:", 1)
	if status, answer := call(t, client, http.MethodGet, url, token(t, e.Site, "stranger"), ""); status != http.StatusForbidden {
		t.Errorf("reports for a service account without permission: got %d %s", status, answer)
	}
}

// waitDropped waits until the first of three executions is deleted, and the Jobs of the
// second.
func waitDropped(t *testing.T, site *rig.Site, ids []execution.ID) {
	t.Helper()
	site.Audit.Until(patience, fmt.Sprintf("only execution %s has Jobs, and %s has no record", ids[2], ids[0]), func(state *audit.State) bool {
		for uid := range state.Jobs {
			job := state.Jobs[uid]
			_, ours := job.Labels[jobspec.ExecutionLabel]
			if ours && !state.Gone[uid] && job.Labels[jobspec.ExecutionLabel] != string(ids[2]) {
				return false
			}
		}
		return state.Gone[state.Records[ids[0]].UID] && !state.Gone[state.Records[ids[1]].UID]
	})
}
