package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	batchv1client "k8s.io/client-go/kubernetes/typed/batch/v1"
	"k8s.io/client-go/rest"

	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// throttled is a client that creates Jobs with client-go's own requests, at a busy API
// server.
type throttled struct {
	*testkit.Clientset
	real kubernetes.Interface
}

func (throttled) IsWatchListSemanticsUnSupported() bool { return true }

func (h throttled) BatchV1() batchv1client.BatchV1Interface {
	return throttledBatch{h.Clientset.BatchV1(), h.real.BatchV1()}
}

type throttledBatch struct {
	batchv1client.BatchV1Interface
	real batchv1client.BatchV1Interface
}

func (h throttledBatch) Jobs(namespace string) batchv1client.JobInterface {
	return throttledJobs{h.BatchV1Interface.Jobs(namespace), h.real.Jobs(namespace)}
}

type throttledJobs struct {
	batchv1client.JobInterface
	real batchv1client.JobInterface
}

func (h throttledJobs) Create(ctx context.Context, job *batchv1.Job, o metav1.CreateOptions) (*batchv1.Job, error) {
	return h.real.Create(ctx, job, o)
}

// busyServer answers 429 for a while, and then as the cluster does.
type busyServer struct {
	c          *cluster
	until      time.Time
	retryAfter int
	requests   meter
}

func (s *busyServer) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(code int, body any, header http.Header) (*http.Response, error) {
		text, err := json.Marshal(body)
		header.Set("Content-Type", "application/json")
		return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(string(text))), Request: r}, err
	}
	s.requests.count()
	var job batchv1.Job
	if err := json.NewDecoder(r.Body).Decode(&job); err != nil {
		return nil, err
	}
	if time.Now().Before(s.until) {
		status := apierrors.NewTooManyRequestsError("busy").Status()
		return answer(http.StatusTooManyRequests, status, http.Header{"Retry-After": {fmt.Sprint(s.retryAfter)}})
	}
	created, err := s.c.client.BatchV1().Jobs(job.Namespace).Create(r.Context(), &job, metav1.CreateOptions{})
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return answer(int(status.Status().Code), status.Status(), http.Header{})
	}
	return answer(http.StatusCreated, created, http.Header{})
}

// client-go waits as long as Retry-After says, up to ten times, within the request's
// timeout.
func TestBusyAPIServerIsAskedAsOftenAsItAllows(t *testing.T) {
	for _, seconds := range []int{1, 5, 10} {
		t.Run(fmt.Sprintf("F-09 Retry-After %d s", seconds), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d")
				server := &busyServer{c: c, until: time.Now().Add(2 * time.Minute), retryAfter: seconds}
				remote, err := kubernetes.NewForConfig(&rest.Config{
					Host: "http://api.invalid", Transport: server, QPS: 300, Burst: 600,
					ContentConfig: rest.ContentConfig{ContentType: "application/json", AcceptContentTypes: "application/json"},
				})
				must(t, err)
				r := startReplicaWith(t, throttled{c.client, remote}, newMemoryStore(), testConfig())
				defer r.kill()
				time.Sleep(4 * time.Minute)
				if most := server.requests.most(); most > 4 { // two tasks have a slot
					t.Errorf("requests within a second: got %d, want at most 2 for each of the 2 slots", most)
				}
				if total, limit := server.requests.count(), 2*2*120/seconds; total > limit {
					t.Errorf("requests: got %d, want at most %d", total, limit)
				}
				c.wantAllSucceeded(2)
			})
		})
	}
}
