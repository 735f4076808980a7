//go:build e2e

package api

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// Two replicas have their own authority and the permissions of the manifests: pods report with
// TLS through both, and only clients that the API server authorizes can read the reports.
func TestReportsAndViewersWithTLS(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded, Keys: map[string]any{
		"callback": map[string]any{"auth": "none", "tls": "selfSigned"},
		"reports":  map[string]any{"auth": "serviceAccountToken", "tls": "selfSigned"},
	}})
	nodes := site.AddNodes(2)
	kubeconfig := site.ServiceAccount("tls", "report-auth")
	start := func(replica int) *rig.Server {
		server := site.NewServer(replica).WithKubeconfig(kubeconfig).
			WithArgs("--ca-secret=batch-job-controller-ca", "--callback-key-secret=batch-job-controller-callback-key")
		if replica > 1 {
			server.WithEnv("REPORT_DIRECTORY=" + t.TempDir())
		}
		server.Start()
		return server
	}
	leader := start(1)
	leader.WaitMetrics(patience, "it leads", func(m rig.Metrics) bool { return m.Sum("batch_job_controller_leader") == 1 })
	standby := start(2)
	standby.WaitReady(patience)

	for i, node := range nodes {
		pod := waitRunning(t, site, node)
		env := site.Env(pod)
		url := env[jobspec.EnvResultURL]
		if !strings.HasPrefix(url, "https://") || env["CURL_CA_BUNDLE"] != jobspec.CAFile {
			t.Fatalf("pods have the URL %s, with the CA file %s", url, env["CURL_CA_BUNDLE"])
		}
		through := strings.Replace(url, leader.Host, []string{leader.Host, standby.Host}[i], 1)
		client := trusting(t, mounted(t, site, pod), leader.Host)
		if status, body := call(t, client, http.MethodPost, through, "", `{"temperature":[{"value":1}]}`); status != http.StatusOK {
			t.Errorf("%s: got %d %s", through, status, body)
		}
	}
	endPods(t, site, atOnce)
	report := waitClosed(t, site)
	checkReport(t, report, all(nodes, succeeded()))
	if n := standby.Metrics().Sum("batch_job_controller_callbacks_forwarded_total", `outcome="answered"`); n != 1 {
		t.Errorf("the standby forwarded %v callbacks, want 1", n)
	}

	client := trusting(t, bundle(t, site, servingcert.ReportPort+"-"+jobspec.CAKey), leader.Host)
	viewer, stranger := token(t, site, "viewer"), token(t, site, "stranger")
	letView(t, site, "viewer")
	for _, replica := range []*rig.Server{leader, standby} {
		url := strings.Replace(replica.ReportURL("/latest/"+nodes[0]+".json"), "http:", "https:", 1)
		for who, want := range map[string]int{viewer: http.StatusOK, stranger: http.StatusForbidden, "nobody": http.StatusUnauthorized, "": http.StatusUnauthorized} {
			if status, body := call(t, client, http.MethodGet, url, who, ""); status != want {
				t.Errorf("%s: got %d %s, want %d", url, status, body, want)
			}
		}
	}
	for _, server := range []*rig.Server{leader, standby} {
		for series := range server.Metrics().Of("rest_client_requests_total", `code="403"`) {
			t.Errorf("the API server refused requests: %s", series)
		}
		if n := len(server.Metrics().Of("batch_job_controller_certificate_expiry_seconds")); n != 2 {
			t.Errorf("%d certificates have an expiry metric, want 2", n)
		}
	}
}

// mounted returns the content of the file that the pod's environment names.
func mounted(t *testing.T, site *rig.Site, pod *corev1.Pod) []byte {
	t.Helper()
	for _, volume := range pod.Spec.Volumes {
		if volume.ConfigMap != nil && volume.ConfigMap.Name == jobspec.CABundleName(rig.Name) {
			return bundle(t, site, volume.ConfigMap.Items[0].Key)
		}
	}
	t.Fatalf("the pod has no bundle among %v", pod.Spec.Volumes)
	return nil
}

func bundle(t *testing.T, site *rig.Site, key string) []byte {
	t.Helper()
	object, err := site.Client.CoreV1().ConfigMaps(site.Namespace).Get(t.Context(), jobspec.CABundleName(rig.Name), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return []byte(object.Data[key])
}

// trusting returns a client that trusts only the bundle.
func trusting(t *testing.T, bundle []byte, name string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bundle) {
		t.Fatalf("no certificate in %q", bundle)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, ServerName: name}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func call(t *testing.T, client *http.Client, method, url, token, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// token creates a service account, and returns a token of it.
func token(t *testing.T, site *rig.Site, name string) string {
	t.Helper()
	accounts := site.Client.CoreV1().ServiceAccounts(site.Namespace)
	if _, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	made, err := accounts.CreateToken(t.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Status.Token
}

// podToken returns a token that is bound to a pod, with the controller as the audience, as the
// kubelet requests one.
func podToken(t *testing.T, site *rig.Site, pod *corev1.Pod) string {
	t.Helper()
	made, err := site.Client.CoreV1().ServiceAccounts(site.Namespace).CreateToken(t.Context(), pod.Spec.ServiceAccountName, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{
			Audiences:      []string{jobspec.Audience(site.Namespace, rig.Name)},
			BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Status.Token
}

// letView lets a service account read the reports.
func letView(t *testing.T, site *rig.Site, account string) {
	t.Helper()
	rbac, name := site.Client.RbacV1(), fmt.Sprintf("%s-%s", site.Namespace, account)
	_, errRole := rbac.ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Rules:      []rbacv1.PolicyRule{{NonResourceURLs: []string{auth.ReportsPath}, Verbs: []string{"get"}}},
	}, metav1.CreateOptions{})
	_, errBinding := rbac.ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account, Namespace: site.Namespace}},
	}, metav1.CreateOptions{})
	if errRole != nil || errBinding != nil {
		t.Fatal(errRole, errBinding)
	}
}
