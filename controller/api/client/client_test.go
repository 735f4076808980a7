package client

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// request is what an API server was sent.
type request struct{ Method, Path, Query, ContentType, Accept string }

// newServer is an API server that answers with what it is sent, under a resourceVersion.
func newServer(t *testing.T) (*Client, *request) {
	t.Helper()
	var last request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		last = request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("Accept")}
		var answer v1alpha1.Execution
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Error(err)
		}
		answer.APIVersion, answer.Kind = v1alpha1.GroupVersion().String(), v1alpha1.ExecutionKind
		answer.ResourceVersion = "7"
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	config := &rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: runtime.ContentTypeProtobuf}}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if config.ContentType != runtime.ContentTypeProtobuf {
		t.Error("the caller's configuration was changed")
	}
	return c, &last
}

// What the HTTP client of others does, such as to limit or count requests, is done to those
// for custom resources too.
func TestSharedHTTPClient(t *testing.T) {
	var asked []string
	shared := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Path)
		return nil, errors.New("none of this client's")
	})}
	c, err := NewForConfigAndClient(&rest.Config{Host: "http://api"}, shared)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.NodeCronJobs("default").Get(t.Context(), "check", metav1.GetOptions{}); err == nil {
		t.Error("got no error of the HTTP client")
	}
	if want := "/apis/batch-job-controller.io/v1alpha1/namespaces/default/nodecronjobs/check"; !slices.Equal(asked, []string{want}) {
		t.Errorf("asked for %v, want only %s", asked, want)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRequests(t *testing.T) {
	c, last := newServer(t)
	execution := &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: "now"},
		Spec: v1alpha1.ExecutionSpec{
			NodeCronJobName: "check",
			Overrides:       &v1alpha1.ExecutionOverrides{JobTimeout: v1alpha1.NewDuration(90 * time.Second)},
		},
	}
	created, err := c.Executions("default").Create(t.Context(), execution, metav1.CreateOptions{FieldManager: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if created.ResourceVersion != "7" || created.Spec.Overrides.JobTimeout.Duration.Duration != 90*time.Second {
		t.Errorf("got %+v, want what was sent", created)
	}
	want := request{Method: "POST", Path: "/apis/batch-job-controller.io/v1alpha1/namespaces/default/executions",
		Query: "fieldManager=test", ContentType: "application/json", Accept: "application/json"}
	if got := *last; got != want {
		t.Errorf("create: got %+v, want %+v", got, want)
	}
	if _, err := c.Executions("default").UpdateStatus(t.Context(), created, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	want = request{Method: "PUT", Path: want.Path + "/now/status", ContentType: "application/json", Accept: "application/json"}
	if got := *last; got != want {
		t.Errorf("update the status: got %+v, want %+v", got, want)
	}
}
