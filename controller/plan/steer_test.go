package plan

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func notStarted() execution.Outcome { return ended(execution.Canceled, execution.NotStarted) }

func stoppedByCancel() execution.Outcome { return ended(execution.Canceled, execution.Stopped) }

func canceledBefore(at time.Duration) *Stopped {
	return told(at, execution.Canceled, execution.NotStarted)
}

func canceledWhile(at time.Duration) *Stopped {
	return told(at, execution.Canceled, execution.Stopped)
}

// nextOfAPausedExecution: only the creation of Jobs waits.
func nextOfAPausedExecution() map[string]nextCase {
	paused := Steering{Paused: true}
	return map[string]nextCase{
		"paused, without a Job": {observation: Observation{Steering: paused, Admitted: true}, now: 24 * time.Hour, want: Wait},
		"paused, beside a pod of an earlier execution, beyond the start deadline": {
			observation: Observation{Steering: paused, Admitted: true, Others: pods(runningPod(0, onNode))}, now: 2 * startDeadline, want: Wait,
		},
		"paused, and the node is gone": {
			observation: Observation{Steering: paused, Admitted: true, NodeGone: true}, want: Verify, wantOutcome: ended(execution.Skipped, execution.NodeGone),
		},
		"paused, and the Job was deleted": {
			observation: Observation{Steering: paused, Admitted: true, Created: true, Seen: true}, want: Verify, wantOutcome: ended(execution.Lost, execution.JobDeleted),
		},
		"paused, before the pod has started": {
			observation: Observation{Steering: paused, Job: jobWith(), Pods: pods(podWith())}, now: time.Minute, want: Wait, wantRecheck: 9 * time.Minute,
		},
		"paused, and the pod did not start": {
			observation: Observation{Steering: paused, Job: jobWith(), Pods: pods(pullFails())}, now: startDeadline, want: Stop, wantOutcome: ended(execution.Failed, "ImagePullBackOff"),
		},
		"paused, while the pod runs": {
			observation: Observation{Steering: paused, Job: jobWith(), Pods: pods(runningPod(0))}, now: time.Minute,
			want: Wait, wantStarted: after(0), wantRecheck: jobTimeout + stopWait - time.Minute,
		},
		"paused and canceled, without a Job": {
			observation: Observation{Steering: Steering{Paused: true, Cancel: CancelDrain}, Admitted: true}, want: Verify, wantOutcome: notStarted(),
		},
	}
}

// nextOfACanceledExecution: no pod has started. Drain and Stop do the same.
func nextOfACanceledExecution(cancel Cancel) map[string]nextCase {
	steering := Steering{Cancel: cancel}
	cases := map[string]nextCase{
		"without a Job that can exist": {want: Finish, wantOutcome: notStarted()},
		"without a Job": {
			observation: Observation{Admitted: true}, want: Verify, wantOutcome: notStarted(), wantMessage: "before the Job was created",
		},
		"beside a pod of an earlier execution": {
			observation: Observation{Admitted: true, Others: pods(runningPod(0, onNode))}, want: Verify, wantOutcome: notStarted(),
		},
		"without a Job, and the node is gone": {
			observation: Observation{Admitted: true, NodeGone: true}, want: Verify, wantOutcome: ended(execution.Skipped, execution.NodeGone),
		},
		"the Job was just created": {
			observation: Observation{Admitted: true, Created: true}, now: 10 * time.Second, want: Wait, wantRecheck: 20 * time.Second,
		},
		"the Job was deleted": {
			observation: Observation{Admitted: true, Created: true, Seen: true}, want: Verify, wantOutcome: ended(execution.Lost, execution.JobDeleted),
		},
		"no pod yet": {observation: Observation{Job: jobWith()}, want: Stop, wantOutcome: notStarted()},
		"before the pod has started": {
			observation: Observation{Settings: withLogs(), Job: jobWith(), Pods: pods(pullFails())}, now: time.Minute, want: Stop, wantOutcome: notStarted(), wantMessage: "before the pod had started",
		},
		"stopped before the pod had started, which is still there": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(onNode)), Stopped: canceledBefore(time.Minute)}, now: 2 * time.Minute, want: Wait, wantRecheck: stopWait - time.Minute,
		},
		"stopped before the pod had started, for its grace period": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(onNode)), Stopped: canceledBefore(time.Minute)}, now: time.Minute + stopWait, want: Finish, wantOutcome: notStarted(), wantMessage: "as told",
		},
		"stopped by an earlier leader, and the Job has failed": {
			observation: Observation{Job: jobWith(stopped("canceled/NotStarted", "m"), condition(batchv1.JobFailed, "DeadlineExceeded", time.Second))}, now: time.Minute,
			want: Finish, wantOutcome: notStarted(), wantMessage: "m",
		},
		"stopped for the start deadline, before it was canceled": {
			observation: Observation{Job: jobWith(), Stopped: told(0, execution.Failed, execution.PodNotCreated)}, now: stopWait, want: Finish, wantOutcome: ended(execution.Failed, execution.PodNotCreated),
		},
	}
	return steered(cases, steering)
}

// nextOfATaskThatEndsBesideACancel: the true end wins. Drain and Stop do the same.
func nextOfATaskThatEndsBesideACancel(cancel Cancel) map[string]nextCase {
	killed := podWith(phase(corev1.PodFailed), container("check", exited(143, "Error", 0, time.Minute)))
	cases := map[string]nextCase{
		"the pod has succeeded": {
			observation: Observation{Job: jobWith(), Pods: pods(succeededPod(0, time.Second))}, now: time.Minute, want: Finish, wantOutcome: ended(execution.Succeeded, ""),
		},
		"the pod has failed": {
			observation: Observation{Job: jobWith(), Pods: pods(failedPodAt(0, time.Second))}, now: time.Minute, want: Finish, wantOutcome: ended(execution.Failed, execution.ContainerFailed), wantMessage: "exited with code 1",
		},
		"the pod has succeeded after it was stopped": {
			observation: Observation{Job: jobWith(), Pods: pods(succeededPod(0, time.Minute)), Stopped: canceledWhile(time.Second)}, now: time.Minute, want: Finish, wantOutcome: ended(execution.Succeeded, ""),
		},
		"the pod has failed, as it was stopped": {
			observation: Observation{Job: jobWith(), Pods: pods(killed), Stopped: canceledWhile(time.Second)}, now: time.Minute, want: Finish, wantOutcome: stoppedByCancel(), wantMessage: "as told",
		},
		"the Job has failed, and its pod ends": {
			observation: Observation{Job: jobWith(condition(batchv1.JobFailed, "DeadlineExceeded", 0)), Pods: pods(runningPod(0, onNode))}, now: time.Minute,
			want: Wait, wantStarted: after(0), wantRecheck: stopWait - time.Minute,
		},
		"the work is done, and an injected container still runs": {
			observation: Observation{Job: jobWith(ofContainers("check")), Pods: pods(meshed(exited(0, "Completed", time.Second, 9*time.Second)))}, now: 10 * time.Second, want: Stop, wantOutcome: ended(execution.Succeeded, ""),
		},
		"the node is gone": {
			observation: Observation{NodeGone: true, Job: jobWith(), Pods: pods(runningPod(0))}, now: time.Minute, want: Stop, wantOutcome: ended(execution.Lost, execution.NodeGone),
		},
	}
	return steered(cases, Steering{Cancel: cancel})
}

// nextOfADrainedExecution: what has started goes on.
func nextOfADrainedExecution() map[string]nextCase {
	attempts := func(more ...*corev1.Pod) []*corev1.Pod { return append(pods(failedPodAt(0, time.Second)), more...) }
	return steered(map[string]nextCase{
		"the pod runs": {
			observation: Observation{Settings: withLogs(), Job: jobWith(), Pods: pods(runningPod(0))}, now: time.Minute,
			want: Wait, wantStarted: after(0), wantRecheck: jobTimeout + stopWait - time.Minute,
		},
		"an init container runs": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(initContainer("prepare", running(0)), unseen("check")))}, now: time.Minute,
			want: Wait, wantRunning: true, wantRecheck: jobTimeout + stopWait - time.Minute,
		},
		"between two attempts": {
			observation: Observation{Job: jobWith(backoff(1)), Pods: attempts()}, now: time.Minute, want: Wait, wantStarted: after(0), wantRecheck: retryPause + startDeadline - 59*time.Second,
		},
		"the second attempt has not started": {
			observation: Observation{Job: jobWith(backoff(1)), Pods: attempts(podWith(born(30 * time.Second)))}, now: time.Minute, want: Wait, wantRecheck: startDeadline - 30*time.Second,
		},
		"the pod started while it was stopped": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(time.Second, onNode, deletedAt(2*time.Second))), Stopped: canceledBefore(0)}, now: 10 * time.Second,
			want: Wait, wantStarted: after(time.Second), wantRecheck: stopWait - 8*time.Second,
		},
	}, Steering{Cancel: CancelDrain})
}

// nextOfAStoppedExecution: what has started is stopped.
func nextOfAStoppedExecution() map[string]nextCase {
	const long = 10 * time.Minute
	runs := pods(runningPod(0, onNode, graceOf(long)))
	return steered(map[string]nextCase{
		"the pod runs": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0))}, now: time.Minute, want: Stop, wantOutcome: stoppedByCancel(), wantMessage: "the pod was stopped",
		},
		"an init container runs": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(initContainer("prepare", running(0)), unseen("check")))}, now: time.Minute, want: Stop, wantOutcome: stoppedByCancel(),
		},
		"the pod runs, and its log is not saved": {
			observation: Observation{Settings: withLogs(), Job: jobWith(), Pods: pods(runningPod(0))}, now: time.Minute, want: SaveLogs, wantStarted: after(0),
		},
		"the pod runs, and its log is saved": {
			observation: Observation{Settings: withLogs(), LogsSaved: true, Job: jobWith(), Pods: pods(runningPod(0))}, now: time.Minute, want: Stop, wantOutcome: stoppedByCancel(),
		},
		"between two attempts": {
			observation: Observation{Settings: withLogs(), Job: jobWith(backoff(1)), Pods: pods(failedPodAt(0, time.Second))}, now: time.Minute, want: Stop, wantOutcome: stoppedByCancel(),
		},
		"stopped, within a long grace period": {
			observation: Observation{Job: jobWith(), Pods: runs, Stopped: canceledWhile(time.Minute)}, now: 2 * time.Minute, want: Wait, wantStarted: after(0), wantRecheck: long + StopMargin - time.Minute,
		},
		"stopped, after a long grace period": {
			observation: Observation{Job: jobWith(), Pods: runs, Stopped: canceledWhile(time.Minute)}, now: time.Minute + long + StopMargin, want: Finish, wantOutcome: stoppedByCancel(),
		},
		"stopped, on a node that is unreachable": {
			observation: Observation{Job: jobWith(), Pods: runs, Stopped: canceledWhile(time.Minute), UnreachableSince: after(0)}, now: 2 * time.Minute, want: Finish, wantOutcome: stoppedByCancel(), wantSilent: true,
		},
		"stopped while it was drained, and has started": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0)), Stopped: canceledBefore(0)}, now: stopWait, want: Finish, wantOutcome: notStarted(),
		},
	}, Steering{Cancel: CancelStop})
}

// steered returns cases of an execution that is steered, each under a name that says so.
func steered(cases map[string]nextCase, s Steering) map[string]nextCase {
	all := map[string]nextCase{}
	for name, tc := range cases {
		tc.observation.Steering = s
		all[string(s.Cancel)+": "+name] = tc
	}
	return all
}

func TestPauseChangesNothingButTheCreation(t *testing.T) {
	everyObservation(func(name string, s Observation) {
		for _, now := range []time.Duration{0, cacheLag, startDeadline, jobTimeout + stopWait, horizon} {
			want := Next(s, after(now))
			if want.Step == Create {
				want = Action{Step: Wait}
			}
			s.Steering = Steering{Paused: true}
			if got := Next(s, after(now)); got != want {
				t.Errorf("%s, after %s: %+v, want %+v", name, now, got, want)
			}
			s.Steering = Steering{}
		}
	})
}

// A task that has an end of its own keeps it, and one that has none gets one: no Job is
// created, and no wait is without a limit.
func TestCanceledTasksEnd(t *testing.T) {
	for _, cancel := range []Cancel{CancelDrain, CancelStop} {
		everyObservation(func(name string, s Observation) {
			now := after(0)
			for range 10 {
				free := Next(s, now)
				s.Steering.Cancel = cancel
				action := Next(s, now)
				s.Steering = Steering{}
				if free.Step == Finish && action != free && s.Stopped == nil {
					t.Errorf("%s, %s: %+v, want its own end: %+v", cancel, name, action, free)
				}
				switch action.Step {
				case Finish, Verify:
					return
				case Stop:
					s.Stopped = &Stopped{At: now, End: action.End}
				case Wait:
					if action.Recheck <= 0 {
						t.Errorf("%s, %s: waits without a limit: %+v", cancel, name, action)
						return
					}
					now = now.Add(action.Recheck)
				default:
					t.Errorf("%s, %s: does %q", cancel, name, action.Step)
					return
				}
			}
			t.Errorf("%s, %s: does not end", cancel, name)
		})
	}
}

func TestNextAdmission(t *testing.T) {
	cases := map[string]struct {
		steering Steering
		share    int
		want     execution.Admission
	}{
		"neither":             {share: execution.NoShare, want: execution.Admission{Share: execution.NoShare}},
		"within a share":      {share: 3, want: execution.Admission{Share: 3}},
		"paused":              {steering: Steering{Paused: true}, share: 3, want: execution.Admission{Share: 3, Paused: true}},
		"drained":             {steering: Steering{Cancel: CancelDrain}, want: execution.Admission{Canceled: true}},
		"stopped":             {steering: Steering{Cancel: CancelStop}, want: execution.Admission{Canceled: true}},
		"paused and canceled": {steering: Steering{Paused: true, Cancel: CancelDrain}, want: execution.Admission{Paused: true, Canceled: true}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := NextAdmission(tc.steering, tc.share); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}
