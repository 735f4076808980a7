package controller

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	fakerest "k8s.io/client-go/rest/fake"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// hangingLogs is a client whose logs begin and never end, until the request
// does.
type hangingLogs struct {
	*testkit.Clientset
	now, most, all *atomic.Int32
}

// IsWatchListSemanticsUnSupported returns what the fake client returns.
func (hangingLogs) IsWatchListSemanticsUnSupported() bool { return true }

func (h hangingLogs) CoreV1() corev1client.CoreV1Interface {
	return hangingCore{h.Clientset.CoreV1(), h}
}

type hangingCore struct {
	corev1client.CoreV1Interface
	logs hangingLogs
}

func (h hangingCore) Pods(namespace string) corev1client.PodInterface {
	return hangingPods{h.CoreV1Interface.Pods(namespace), h.logs}
}

type hangingPods struct {
	corev1client.PodInterface
	logs hangingLogs
}

func (h hangingPods) GetLogs(string, *corev1.PodLogOptions) *rest.Request {
	client := &fakerest.RESTClient{
		Client: fakerest.CreateHTTPClient(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: h.logs.open(r.Context())}, nil
		}),
		NegotiatedSerializer: scheme.Codecs.WithoutConversion(),
		GroupVersion:         corev1.SchemeGroupVersion,
	}
	return client.Request()
}

func (h hangingLogs) open(ctx context.Context) io.ReadCloser {
	n := h.now.Add(1)
	h.all.Add(1)
	for most := h.most.Load(); n > most && !h.most.CompareAndSwap(most, n); most = h.most.Load() {
	}
	return &hangingBody{ctx: ctx, closed: func() { h.now.Add(-1) }}
}

type hangingBody struct {
	ctx    context.Context
	closed func()
}

func (b *hangingBody) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func (b *hangingBody) Close() error {
	b.closed()
	return nil
}

func TestLogsThatHangHoldUpNoNode(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"}
		c := newCluster(t, nodes...)
		logs := hangingLogs{c.client, &atomic.Int32{}, &atomic.Int32{}, &atomic.Int32{}}
		cfg := testConfig(func(c *config.Config) { c.SavePodLog, c.PodPoolSize = true, 2 })
		r := startReplicaWith(t, logs, newMemoryStore(), cfg)
		defer r.kill()
		time.Sleep(20 * time.Second)
		if got := len(c.created()); got != len(nodes) {
			t.Errorf("nodes with a Job while logs hang: got %d, want all %d", got, len(nodes))
		}
		if most := logs.most.Load(); most != 8 {
			t.Errorf("logs fetched at once: got %d, want %d", most, 8)
		}
		// Twenty logs, eight at a time, each tried four times for 30 s.
		time.Sleep(6 * time.Minute)
		c.wantAllSucceeded(2)
		if got, want := int(logs.all.Load()), 4*len(nodes); got != want {
			t.Errorf("attempts: got %d, want %d", got, want)
		}
		if got := r.metric("batch_job_controller_pod_logs_total", "outcome=failed"); got != float64(len(nodes)) {
			t.Errorf("logs that failed: got %v, want %d", got, len(nodes))
		}
	})
}

// slowLogs is a store that is slow to save logs.
type slowLogs struct {
	*memoryStore
	took time.Duration
}

func (s slowLogs) SaveLog(key execution.Key, container string, r io.Reader, limit int64) (bool, error) {
	time.Sleep(s.took)
	return s.memoryStore.SaveLog(key, container, r, limit)
}

func TestExecutionThatIsReadAgainWhileLogsAreSavedCloses(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		c.behave("c", behaviour{runFor: 20 * time.Second})
		store := newMemoryStore()
		r := startReplica(t, c, slowLogs{store, 10 * time.Second}, testConfig(func(c *config.Config) { c.SavePodLog = true }))
		defer r.kill()
		time.Sleep(5 * time.Second) // the logs of a and b are being saved
		object := c.records()[0].Object.DeepCopy()
		object.Annotations = map[string]string{"somebody": "was here"}
		_, err := c.resources().Update(t.Context(), object, metav1.UpdateOptions{})
		must(t, err)
		time.Sleep(2 * time.Minute)
		c.wantAllSucceeded(2)
		for _, node := range []string{"a", "b", "c"} {
			if !store.HasLog(execution.Key{Execution: c.records()[0].Plan.ID, Node: node}, "main") {
				t.Errorf("node %s has no log", node)
			}
		}
	})
}

func TestLogsOfEndedTasksAreSaved(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("b", behaviour{exitCode: 1})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(func(c *config.Config) { c.SavePodLog = true }))
		defer r.kill()
		time.Sleep(30 * time.Second)
		rec := c.records()[0]
		if rec.Account.Phase != execution.Closed {
			t.Fatalf("phase: got %s, want Closed", rec.Account.Phase)
		}
		for _, node := range []string{"a", "b"} {
			if got := store.logs[execution.Key{Execution: rec.Plan.ID, Node: node}]["main"]; !strings.Contains(got, "fake logs") {
				t.Errorf("log of node %s: got %q", node, got)
			}
		}
	})
}
