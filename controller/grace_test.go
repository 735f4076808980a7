package controller

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const longGrace = 10 * time.Minute

const patientTemplate = `apiVersion: v1
kind: Pod
spec:
  terminationGracePeriodSeconds: 600
  containers:
  - name: main
    image: check:1
`

// linger makes a terminated pod run for all of its grace period.
func (c *cluster) linger(job *batchv1.Job, pod *corev1.Pod, reason string) {
	now := time.Now()
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = ptr.To(metav1.NewTime(now.Add(longGrace))), ptr.To(int64(longGrace/time.Second))
	c.updateSpecOf(pod)
	c.sleep(longGrace)
	c.count(-1)
	pod.Status.Phase = corev1.PodFailed
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: 137, StartedAt: metav1.NewTime(now), FinishedAt: metav1.Now(),
	}}}}
	c.updatePod(pod)
	c.conclude(job.Name, batchv1.JobFailed, reason)
}

func (c *cluster) updateSpecOf(pod *corev1.Pod) {
	if _, err := c.client.CoreV1().Pods(pod.Namespace).Update(c.ctx, pod.DeepCopy(), metav1.UpdateOptions{}); err != nil && c.ctx.Err() == nil {
		c.t.Errorf("update pod: %v", err)
	}
}

func (c *cluster) podOf(node string) *corev1.Pod {
	c.t.Helper()
	pod, err := c.client.CoreV1().Pods(testNamespace).Get(c.ctx, c.jobsOfNode(node)[0].Name+"-x", metav1.GetOptions{})
	must(c.t, err)
	return pod
}

func onePatientPodAtATime(c *config.Config) {
	c.PodPoolSize, c.JobTimeout, c.PodTemplate = 1, 2*time.Minute, patientTemplate
}

// A pod that runs for its grace period of ten minutes keeps its slot as long, whatever
// terminated it.
func TestPodsWithALongGraceKeepTheirSlots(t *testing.T) {
	cases := map[string]struct {
		stop func(*cluster) // what happens to the pod of node a, a minute after its start
		want execution.Outcome
	}{
		"they run beyond jobTimeout": {
			stop: func(*cluster) {}, want: execution.Outcome{State: execution.Failed, Reason: execution.JobTimeout},
		},
		"the pod is deleted": {
			stop: func(c *cluster) {
				pod, job := c.podOf("a"), c.jobsOfNode("a")[0]
				go c.linger(&job, pod, batchv1.JobReasonBackoffLimitExceeded)
			},
			want: execution.Outcome{State: execution.Failed, Reason: execution.PodDeleted},
		},
		"the Job is deleted, and its pod with it": {
			stop: func(c *cluster) {
				pod, job := c.podOf("a"), c.jobsOfNode("a")[0]
				must(c.t, c.client.BatchV1().Jobs(testNamespace).Delete(c.ctx, job.Name, metav1.DeleteOptions{}))
				go c.linger(&job, pod, "")
			},
			want: execution.Outcome{State: execution.Lost, Reason: execution.JobDeleted},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				for _, node := range []string{"a", "b", "c"} {
					c.behave(node, behaviour{lingers: true})
				}
				r := startReplica(t, c, newMemoryStore(), testConfig(onePatientPodAtATime))
				defer r.kill()
				time.Sleep(90 * time.Second)
				synctest.Wait()
				tc.stop(c)
				time.Sleep(3 * time.Hour)
				synctest.Wait()
				if c.podsAtOnce() != 1 {
					t.Errorf("%d pods ran at once, and the pool has 1", c.podsAtOnce())
				}
				timeout := execution.Outcome{State: execution.Failed, Reason: execution.JobTimeout}
				c.wantOutcomes(map[string]execution.Outcome{"a": tc.want, "b": timeout, "c": timeout})
			})
		})
	}
}

// The watch of pods shows nothing until the cache lists again. That the cache has no pod of a
// deleted Job does not free the slot.
func TestAPodThatTheCacheLacksKeepsTheSlotOfItsDeletedJob(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{lingers: true})
		var late sync.Once
		c.client.PrependWatchReactor("pods", func(clienttesting.Action) (handled bool, w watch.Interface, err error) {
			late.Do(func() { handled, w = true, watch.NewFake() })
			return handled, w, nil
		})
		r := startReplica(t, c, newMemoryStore(), testConfig(onePatientPodAtATime))
		defer r.kill()
		time.Sleep(90 * time.Second)
		synctest.Wait()
		pod, job := c.podOf("a"), c.jobsOfNode("a")[0]
		must(t, c.client.BatchV1().Jobs(testNamespace).Delete(c.ctx, job.Name, metav1.DeleteOptions{}))
		go c.linger(&job, pod, "")
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := c.created()["b"]; n != 0 {
			t.Error("the slot was given away while the pod ran")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if c.podsAtOnce() != 1 {
			t.Errorf("%d pods ran at once, and the pool has 1", c.podsAtOnce())
		}
		c.wantOutcomes(map[string]execution.Outcome{"a": lostBy(execution.JobDeleted), "b": {State: execution.Succeeded}})
	})
}

// A terminated pod on an unreachable node keeps its slot for a minute.
func TestSilentNodeKeepsNoSlot(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{lingers: true})
		r := startReplica(t, c, newMemoryStore(), testConfig(onePatientPodAtATime))
		defer r.kill()
		time.Sleep(15*time.Minute + 30*time.Second) // jobTimeout, grace and margin have passed
		synctest.Wait()
		c.changeNode("a", func(n *corev1.Node) {
			n.Status.Conditions[0].Status, n.Status.Conditions[0].LastTransitionTime = corev1.ConditionUnknown, metav1.Now()
		})
		time.Sleep(50 * time.Second)
		synctest.Wait()
		if n := c.created()["b"]; n != 0 {
			t.Fatal("the slot was given away while the node may come back")
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if n := c.created()["b"]; n != 1 {
			t.Error("the slot of the silent node is not free after a minute")
		}
	})
}
