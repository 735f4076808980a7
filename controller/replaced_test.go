package controller

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// replace replaces a record by another one of the same name, as kubectl replace --force does.
// The Jobs belong to the first record, and are deleted with it.
func (c *cluster) replace(object *v1alpha1.Execution, phase v1alpha1.ExecutionPhase) error {
	tracker := c.client.Resources.Tracker()
	if err := tracker.Delete(v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource), testNamespace, object.Name); err != nil {
		return err
	}
	other := object.DeepCopy()
	other.UID, other.Status.Phase = "another", phase
	return tracker.Add(other)
}

// wantAborted wants that the execution was aborted, and did not close.
func (r *replica) wantAborted() {
	r.t.Helper()
	if r.hasOpenExecution() {
		r.t.Error("the execution is still open")
	}
	for result, want := range map[string]float64{"aborted": 1, "succeeded": 0, "failed": 0} {
		if got := r.metric("batch_job_controller_executions_closed_total", "result="+result); got != want {
			r.t.Errorf("executions that are counted as %s: got %v, want %v", result, got, want)
		}
	}
}

func TestARecordInPlaceOfTheOpenOneIsNotGoneOnWith(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		c.behave("a", behaviour{runFor: 20 * time.Second})
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.PodPoolSize = 1 }))
		defer r.kill()
		time.Sleep(5 * time.Second)
		must(t, c.replace(c.records()[0].Object, v1alpha1.Open))
		time.Sleep(time.Minute)
		r.wantAborted()
		if got := len(c.created()); got > 2 { // one was admitted before
			t.Errorf("nodes with a Job: got %d, want no more than were admitted", got)
		}
	})
}

func TestAClosedRecordInPlaceOfTheOneThatIsClosedIsNotOurs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		var replaced atomic.Bool
		c.react("update", "executions", func(action clienttesting.Action) (bool, runtimeObject, error) {
			object := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Execution)
			if replaced.Load() || object.Status.Phase != v1alpha1.Closed {
				return false, nil, nil
			}
			replaced.Store(true)
			return true, nil, errors.Join(c.replace(object, v1alpha1.Closed), apierrors.NewConflict(corev1.Resource("executions"), object.Name, nil))
		})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(time.Minute)
		if !replaced.Load() {
			t.Fatal("the record was not closed")
		}
		r.wantAborted()
	})
}

// The API server has the Job, but the cache does not. No watch event shows its deletion
// later.
func TestAJobThatTheCacheHasLostIsLookedForAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Hour})
		c.react("list", "jobs", func(clienttesting.Action) (bool, runtimeObject, error) {
			return true, &batchv1.JobList{}, nil
		})
		c.client.PrependWatchReactor("jobs", func(clienttesting.Action) (bool, watch.Interface, error) {
			return true, watch.NewFake(), nil
		})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(cacheLooks + 15*time.Second) // it was looked for once, and is there
		name := jobName(c.records()[0].Plan.Scheduled, "a")
		must(t, c.client.BatchV1().Jobs(testNamespace).Delete(t.Context(), name, metav1.DeleteOptions{}))
		must(t, c.client.CoreV1().Pods(testNamespace).Delete(t.Context(), name+"-x", metav1.DeleteOptions{})) // as the garbage collector does
		time.Sleep(timing.LongestSleep + 5*time.Second)
		c.wantOutcomes(map[string]execution.Outcome{"a": lostBy(execution.JobDeleted)})
	})
}

// cacheLooks is after how long a Job that the cache does not have is looked for.
const cacheLooks = 30 * time.Second
