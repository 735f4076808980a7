package controller

import (
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	fakerest "k8s.io/client-go/rest/fake"

	"github.com/batch-job-controller/batch-job-controller/callback"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// jwt returns an unsigned token with these claims.
func jwt(claims string) string {
	return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2lnbmF0dXJlc2lnbmF0dXJl"
}

// ofIssuer gives a replica a service account token of its own.
func ofIssuer(t *testing.T, issuer string) func(*Options) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte(jwt(`{"iss":"`+issuer+`","sub":"system:serviceaccount:ns:controller","aud":["https://api"]}`)), 0o600))
	return func(o *Options) { o.TokenFile = file }
}

// A token that the API server has accepted names the issuer of the cluster's tokens.
func TestAReviewedTokenTellsTheIssuer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.Callback.Auth = execution.ServiceAccountTokenAuth }))
		defer r.kill()
		time.Sleep(5 * time.Second)
		ours := jwt(`{"iss":"https://cluster","sub":"system:serviceaccount:ns:pod","aud":["bjc.` + testNamespace + `.` + testName + `"]}`)
		reviews := &podReviews{}
		c.react("create", "tokenreviews", reviews.react)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		if err := r.CallbackAuth().Authenticate(t.Context(), key, ours); denied(err) != execution.DeniedWrong {
			t.Fatalf("a token that is refused: %v", err)
		}
		if _, n := r.Redactor().RedactString(ours); n != 0 {
			t.Error("the issuer was learned from a token that was refused")
		}
		time.Sleep(2 * time.Second) // until what was refused is reviewed again
		pods, err := c.client.CoreV1().Pods(testNamespace).List(t.Context(), metav1.ListOptions{})
		must(t, err)
		reviews.status = boundTo(&pods.Items[0].ObjectMeta, "a")
		must(t, r.CallbackAuth().Authenticate(t.Context(), key, ours))
		if _, n := r.Redactor().RedactString(ours); n != 1 {
			t.Error("the issuer was not learned")
		}
	})
}

// What pods send and print is stored unchanged, except for credentials of this controller's
// callbacks in results, events and logs. Files are always unchanged.
func TestCredentialsInWhatPodsSend(t *testing.T) {
	ours := func(*replica, execution.Key) string {
		return jwt(`{"iss":"https://k","aud":"bjc.` + testNamespace + `.` + testName + `"}`)
	}
	tests := map[string]struct {
		credential   func(*replica, execution.Key) string
		wantRedacted bool
	}{
		"a token of its own":      {func(r *replica, key execution.Key) string { return r.Keyring.Token(key) }, true},
		"a service account token": {ours, true},
		"a token that is made up": {func(*replica, execution.Key) string {
			return "v1.0a1b2c3d.20261128034200.node-1." + strings.Repeat("A", 43)
		}, false},
		"the JWT of another":       {func(*replica, execution.Key) string { return jwt(`{"iss":"https://example.com","sub":"1"}`) }, false},
		"a token with another MAC": {func(r *replica, key execution.Key) string { return r.Keyring.Token(key)[:40] + strings.Repeat("A", 60) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{runFor: time.Minute})
				printing := &printedLogs{Clientset: c.client}
				store, err := report.Open(memdisk.New(), report.Options{})
				must(t, err)
				r := startReplicaWith(t, printing, store, testConfig(func(c *config.Config) { c.SavePodLog = true }), ofIssuer(t, "https://k"))
				defer r.kill()
				time.Sleep(5 * time.Second)
				key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
				credential := tt.credential(r, key)
				printing.text = "my token is " + credential + "\n"
				handler := callback.NewHandler(r.Recorder(), callback.Options{Redactor: r.Redactor(), ObserveRedacted: r.Metrics.CredentialsRedacted})
				send := func(kind route.Kind, query, body string) *httptest.ResponseRecorder {
					answer := httptest.NewRecorder()
					handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, route.Path(kind, key)+query, strings.NewReader(body)))
					if answer.Code != http.StatusOK {
						t.Fatalf("%s: %d, %s", kind, answer.Code, answer.Body)
					}
					return answer
				}
				wantTold := map[bool]string{true: "1"}[tt.wantRedacted]
				for kind, body := range map[route.Kind]string{
					route.Result: `{"test":[{"value":1,"labels":{"label":"` + credential + `"}}]}`,
					route.Event:  `{"reason":"Told","message":"my token is %s","args":["` + fmt.Sprintf(`\u%04x`, credential[0]) + credential[1:] + `"]}`,
				} {
					if told := send(kind, "", body).Header().Get("Batch-Job-Controller-Redacted"); told != wantTold {
						t.Errorf("%s: the answer says that %q were redacted, want %q", kind, told, wantTold)
					}
				}
				send(route.File, "?name=x"+url.QueryEscape(credential), "a "+credential+" b")
				time.Sleep(2 * time.Minute) // until the log is saved

				secret := credential[len(credential)-20:]
				stored := filesOf(t, store.FS(), key.Execution)
				for name, text := range stored {
					isFile := strings.HasPrefix(name, "a-x")
					if isFile && text != "a "+credential+" b" {
						t.Errorf("%s: a file is not as it was sent: %s", name, text)
					}
					if has := strings.Contains(text, secret); !isFile && has == tt.wantRedacted {
						t.Errorf("%s: has the credential: %t: %s", name, has, text)
					}
				}
				if len(stored) != 3 {
					t.Errorf("stored: %q", slices.Sorted(maps.Keys(stored)))
				}
				if events := c.eventsOf("Told"); len(events) != 1 || strings.Contains(events[0].Message, secret) == tt.wantRedacted {
					t.Errorf("events: %v", events)
				}
				if has := strings.Contains(r.lastingMetrics(), secret); has == tt.wantRedacted {
					t.Errorf("the metrics have it: %t", has)
				}
				for _, kind := range []string{"result", "event", "log"} {
					want := map[bool]float64{true: 1}[tt.wantRedacted]
					if n := r.metric("batch_job_controller_credentials_redacted_total", "kind="+kind); n != want {
						t.Errorf("%s: %v were counted, want %v", kind, n, want)
					}
				}
			})
		})
	}
}

// Two labels that differ only in the signature of a JWT are different labels.
func TestLabelsThatDifferInASignature(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Minute})
		r := startReplicaWith(t, c.client, newMemoryStore(), testConfig(), ofIssuer(t, "https://k"))
		defer r.kill()
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		handler := callback.NewHandler(r.Recorder(), callback.Options{Redactor: r.Redactor()})
		for _, one := range []string{
			jwt(`{"iss":"https://example.com"}`),
			jwt(`{"iss":"https://k","aud":"bjc.` + testNamespace + `.` + testName + `"}`),
		} {
			other := one[:len(one)-1] + "x"
			answer := httptest.NewRecorder()
			body := `{"test":[{"value":1,"labels":{"label":"` + one + `"}},{"value":2,"labels":{"label":"` + other + `"}}]}`
			handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, route.Path(route.Result, key), strings.NewReader(body)))
			if answer.Code != http.StatusOK {
				t.Errorf("%d, %s", answer.Code, answer.Body)
			}
		}
		if n := strings.Count(r.lastingMetrics(), "foo_test{"); n < 4 {
			t.Errorf("%d series, want four", n)
		}
	})
}

// filesOf returns the files and logs of an execution's nodes, by name.
func filesOf(t *testing.T, files fs.FS, id execution.ID) map[string]string {
	t.Helper()
	entries, err := fs.ReadDir(files, string(id))
	must(t, err)
	all := map[string]string{}
	for _, entry := range entries {
		if slices.Contains([]string{"execution.json", ".about.json"}, entry.Name()) {
			continue
		}
		text, err := fs.ReadFile(files, string(id)+"/"+entry.Name())
		must(t, err)
		all[entry.Name()] = string(text)
	}
	return all
}

// printedLogs is a client with a text as the log of every container.
type printedLogs struct {
	*testkit.Clientset
	text string
}

// IsWatchListSemanticsUnSupported returns what the fake client returns.
func (*printedLogs) IsWatchListSemanticsUnSupported() bool { return true }

func (p *printedLogs) CoreV1() corev1client.CoreV1Interface {
	return printedCore{p.Clientset.CoreV1(), p}
}

type printedCore struct {
	corev1client.CoreV1Interface
	logs *printedLogs
}

func (p printedCore) Pods(namespace string) corev1client.PodInterface {
	return printedPods{p.CoreV1Interface.Pods(namespace), p.logs}
}

type printedPods struct {
	corev1client.PodInterface
	logs *printedLogs
}

func (p printedPods) GetLogs(string, *corev1.PodLogOptions) *rest.Request {
	client := &fakerest.RESTClient{
		Client: fakerest.CreateHTTPClient(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(p.logs.text))}, nil
		}),
		NegotiatedSerializer: scheme.Codecs.WithoutConversion(),
		GroupVersion:         corev1.SchemeGroupVersion,
	}
	return client.Request()
}
