package controller

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// goesOn is the life of a pod whose work has ended, but to which an admission webhook has
// added a container that only ends when the pod is terminated.
func (c *cluster) goesOn(job *batchv1.Job, pod *corev1.Pod, started metav1.Time, exitCode int32) {
	exited := func(name string, code int32) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: code, StartedAt: started, FinishedAt: metav1.Now(),
		}}}
	}
	work := exited("main", exitCode)
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "proxy", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}}, work,
	}
	c.updatePod(pod)
	if !c.untilTold(job, pod) {
		return
	}
	c.addCondition(job.Name, batchv1.JobFailureTarget, "DeadlineExceeded")
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = ptr.To(metav1.NewTime(time.Now().Add(30*time.Second))), ptr.To[int64](30)
	c.updateSpecOf(pod)
	c.sleep(5 * time.Second)
	c.count(-1)
	pod.Status.Phase = corev1.PodFailed
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{exited("proxy", 137), work}
	c.updatePod(pod)
	if err := c.client.CoreV1().Pods(pod.Namespace).Delete(c.ctx, pod.Name, metav1.DeleteOptions{}); err != nil && c.ctx.Err() == nil {
		c.t.Errorf("delete pod: %v", err)
	}
	c.sleep(time.Second)
	c.conclude(job.Name, batchv1.JobFailed, "DeadlineExceeded")
}

func withLogsOneAtATime(c *config.Config) { c.PodPoolSize, c.SavePodLog = 1, true }

func TestContainerThatOthersAddedHoldsNoSlot(t *testing.T) {
	cases := map[string]struct {
		exitCode int32
		want     execution.Outcome
	}{
		"the work is done": {want: succeeded},
		"the work fails":   {exitCode: 3, want: failedWith(execution.ContainerFailed)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				for _, node := range []string{"a", "b"} {
					c.behave(node, behaviour{injected: true, runFor: 10 * time.Second, exitCode: tc.exitCode})
				}
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig(withLogsOneAtATime))
				defer r.kill()
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				c.wantOutcomes(map[string]execution.Outcome{"a": tc.want, "b": tc.want})
				if c.podsAtOnce() != 1 {
					t.Errorf("%d pods ran at once, and the pool has 1", c.podsAtOnce())
				}
				report, err := store.Report(c.records()[0].Plan.ID)
				must(t, err)
				for _, task := range report.Tasks {
					if task.DurationMS != 10_000 {
						t.Errorf("node %s took %d ms, and its work 10 s", task.Node, task.DurationMS)
					}
				}
			})
		})
	}
}

// A log is deleted with its pod when the Job is stopped.
func TestLogIsSavedBeforeThePodIsStopped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{injected: true, runFor: 10 * time.Second})
		store := slowLogs{newMemoryStore(), 10 * time.Second}
		r := startReplica(t, c, store, testConfig(withLogsOneAtATime))
		defer r.kill()
		for range 120 {
			time.Sleep(time.Second)
			synctest.Wait()
			job := c.jobsOfNode("a")[0]
			stopped := *job.Spec.ActiveDeadlineSeconds == 1
			saved := store.HasLog(execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}, "main")
			if stopped && !saved {
				t.Fatal("the pod was stopped before its log was saved")
			}
		}
		c.wantOutcomes(map[string]execution.Outcome{"a": succeeded})
	})
}

// A leader may die at any time between the end of the work and the end of the pod.
func TestOutcomeOfAStoppedPodOutlivesTheLeader(t *testing.T) {
	for after := 10 * time.Second; after < 20*time.Second; after += 300 * time.Millisecond {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{injected: true, runFor: 10 * time.Second})
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig(withLogsOneAtATime))
				time.Sleep(time.Second + after)
				synctest.Wait()
				r.kill()
				time.Sleep(10 * time.Second)
				r = startReplica(t, c, store, testConfig(withLogsOneAtATime, func(c *config.Config) { c.RunOnStartup = false }))
				defer r.kill()
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				c.wantOutcomes(map[string]execution.Outcome{"a": succeeded})
				if n := c.created()["a"]; n != 1 {
					t.Errorf("%d Jobs, want 1", n)
				}
				report, err := store.Report(c.records()[0].Plan.ID)
				must(t, err)
				if got := report.Tasks[0].DurationMS; got != 10_000 {
					t.Errorf("took %d ms, and the work 10 s", got)
				}
			})
		})
	}
}
