package controller

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	batchv1client "k8s.io/client-go/kubernetes/typed/batch/v1"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// An execution is paused for longer than startDeadline.
func TestAPauseIsNoPartOfADeadline(t *testing.T) {
	const startDeadline = 10 * time.Minute
	tests := map[string]struct {
		prevent func(c *cluster) (permit func()) // Jobs of node b
	}{
		"the Job is rejected": {func(c *cluster) func() {
			until := time.Now().Add(31*time.Minute + 20*time.Second)
			c.react("create", "jobs", func(action clienttesting.Action) (bool, runtimeObject, error) {
				refused, _, err := c.failingFor("b", apierrors.NewForbidden(batchv1.Resource("jobs"), "x", nil))(action)
				return refused && time.Now().Before(until), nil, err
			})
			return func() {}
		}},
		"a pod of an earlier execution runs on the node": {func(c *cluster) func() {
			pod := c.addPodOfAnother("b")
			return func() { must(c.t, c.client.CoreV1().Pods(testNamespace).Delete(c.ctx, pod, metav1.DeleteOptions{})) }
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				permit := tt.prevent(c)
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.StartDeadline = startDeadline }))
				defer r.kill()
				time.Sleep(5 * time.Minute)
				c.steer(pauseIt)
				time.Sleep(17 * time.Minute)
				c.steer(resumeIt)
				time.Sleep(9 * time.Minute)
				if got := outcomes(c.only())["b"]; got.State.Final() {
					t.Errorf("nine minutes after it was resumed: got %v, want that it waits", got)
				}
				permit()
				time.Sleep(50 * time.Second)
				c.wantAllSucceeded(2)
			})
		})
	}
}

func TestAResumedExecutionGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b", "c", "d", "e", "f"}
		c := newCluster(t, nodes...)
		for _, node := range nodes {
			c.behave(node, behaviour{runFor: 10 * time.Second})
		}
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		c.steer(pauseIt)
		time.Sleep(time.Hour)
		c.steer(resumeIt)
		time.Sleep(time.Second)
		if n := len(c.created()); n != 4 || !c.inEffect() {
			t.Errorf("nodes with a Job: got %d, want two more within a second", n)
		}
		time.Sleep(time.Minute)
		c.wantAllSucceeded(2)
		// Of the slots of c and d, nothing says how long they were free.
		if got := r.metric("batch_job_controller_slot_refill_seconds"); got != 2 {
			t.Errorf("slots that were refilled: got %v, want those of e and f", got)
		}
		c.wantOneEvent(kube.EventExecutionPaused, "no further Job")
		c.wantOneEvent(kube.EventExecutionResumed, "again")
	})
}

// addPodOfAnother adds a pod of another execution that runs on a node, and returns its name.
func (c *cluster) addPodOfAnother(node string) string {
	c.t.Helper()
	key := execution.Key{Execution: "20200101000000", Node: node}
	labels := jobspec.CommonLabels(testName, jobspec.JobComponent)
	labels[jobspec.NodeCronJobLabel], labels[jobspec.ExecutionLabel], labels[jobspec.NodeLabel] = testName, string(key.Execution), node
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "earlier", Namespace: testNamespace, UID: "uid-earlier", Labels: labels,
			Annotations:     map[string]string{jobspec.NodeAnnotation: node},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: jobspec.JobName(testName, key), UID: "uid-earlier-job", Controller: ptr.To(true)}},
		},
		Spec:   corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "main"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	must(c.t, c.client.Tracker().Add(pod))
	return pod.Name
}

// slowCreates is a client whose requests to create Jobs take a while.
type slowCreates struct {
	*testkit.Clientset
	takes      time.Duration
	unanswered bool // the client gives up before the request is carried out
	lost       bool // and it never is
	late       *sync.WaitGroup
}

func (slowCreates) IsWatchListSemanticsUnSupported() bool { return true }

func (s slowCreates) BatchV1() batchv1client.BatchV1Interface {
	return slowCreatesBatch{s.Clientset.BatchV1(), s}
}

type slowCreatesBatch struct {
	batchv1client.BatchV1Interface
	slow slowCreates
}

func (b slowCreatesBatch) Jobs(namespace string) batchv1client.JobInterface {
	return slowCreatesJobs{b.BatchV1Interface.Jobs(namespace), b.slow}
}

type slowCreatesJobs struct {
	batchv1client.JobInterface
	slow slowCreates
}

func (j slowCreatesJobs) Create(ctx context.Context, job *batchv1.Job, o metav1.CreateOptions) (*batchv1.Job, error) {
	if !j.slow.unanswered {
		time.Sleep(j.slow.takes)
		return j.JobInterface.Create(ctx, job, o)
	}
	if !j.slow.lost {
		j.slow.late.Go(func() {
			time.Sleep(j.slow.takes)
			_, _ = j.JobInterface.Create(context.WithoutCancel(ctx), job, o)
		})
	}
	return nil, errors.New("connection reset by peer")
}

// That a pause is in effect means that no Job comes later, not even one that was requested
// before.
func TestAPauseIsInEffectAfterTheLastJobOfTheExecution(t *testing.T) {
	const takes = 20 * time.Second
	for name, tt := range map[string]struct {
		requests  slowCreates
		patch     string
		wantAfter time.Duration
	}{
		"paused, with a request under way":                {slowCreates{}, pauseIt, takes - 2*time.Second},
		"paused, with one that is carried out later":      {slowCreates{unanswered: true}, pauseIt, takes - 2*time.Second},
		"paused, with one that may be carried out later":  {slowCreates{unanswered: true, lost: true}, pauseIt, kube.RequestGrace - time.Second},
		"drained, with a request under way":               {slowCreates{}, drainIt, takes - 2*time.Second},
		"drained, with one that is carried out later":     {slowCreates{unanswered: true}, drainIt, takes - 2*time.Second},
		"drained, with one that may be carried out later": {slowCreates{unanswered: true, lost: true}, drainIt, kube.RequestGrace - time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d", "e", "f")
				for _, node := range []string{"a", "b", "c", "d", "e", "f"} {
					c.behave(node, behaviour{runFor: time.Hour})
				}
				var late sync.WaitGroup
				defer late.Wait()
				slow := tt.requests
				slow.Clientset, slow.takes, slow.late = c.client, takes, &late
				r := startReplicaWith(t, slow, newMemoryStore(), testConfig())
				defer r.kill()
				time.Sleep(3 * time.Second) // the first requests were sent two seconds ago
				c.steer(tt.patch)
				began := time.Now()
				for !c.inEffect() && time.Since(began) < 2*time.Minute {
					time.Sleep(100 * time.Millisecond)
				}
				if took := time.Since(began); took < tt.wantAfter || took > tt.wantAfter+5*time.Second {
					t.Errorf("it was in effect after %s, want about %s", took, tt.wantAfter)
				}
				before := len(c.created())
				time.Sleep(10 * time.Minute)
				if n := len(c.created()); n != before || (n == 0) != slow.lost {
					t.Errorf("nodes with a Job: got %d when it was in effect, and %d later", before, n)
				}
			})
		})
	}
}
