package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	startDeadline = 10 * time.Minute
	jobTimeout    = time.Hour
	// stopWait is how long a stopped pod without a grace period of its own may take to end.
	stopWait = 30*time.Second + StopMargin
)

func withLogs() execution.Settings {
	s := settings()
	s.SavePodLog = true
	return s
}

// meshed is a pod with the proxy of a service mesh, which continues to run.
func meshed(work corev1.ContainerState, options ...podOption) *corev1.Pod {
	return podWith(append([]podOption{phase(corev1.PodRunning), container("check", work), container("proxy", running(0))}, options...)...)
}

func settings() execution.Settings {
	return execution.Settings{PodPoolSize: 2, StartDeadline: startDeadline, JobTimeout: jobTimeout}
}

// told is the controller's stop of a Job, with its reason, which the pod may not have.
func told(at time.Duration, state execution.State, reason execution.Reason) *Stopped {
	return &Stopped{At: after(at), End: execution.End{Outcome: ended(state, reason), Message: "as told"}}
}

// nextCase is a case of TestNext. The files next_*_test.go have the cases.
type nextCase struct {
	observation Observation
	now         time.Duration

	want        Step
	wantOutcome execution.Outcome
	wantMessage string    // a part of it
	wantStarted time.Time // and runs
	wantSilent  bool
	wantRunning bool // although it is not known since when
	wantRecheck time.Duration
}

func startedAt(d time.Duration) execution.Task {
	return execution.Task{Outcome: execution.Outcome{State: execution.Running}, Started: after(d)}
}

func pullFails() *corev1.Pod {
	return podWith(container("check", waiting("ImagePullBackOff", "Back-off")))
}

func TestNext(t *testing.T) {
	cases := map[string]nextCase{}
	for _, some := range []map[string]nextCase{
		nextWithoutAJob(),
		nextOnADeletedNode(),
		nextOfAForeignJob(),
		nextBeforeTheStart(),
		nextInTheStart(),
		nextWhileThePodRuns(),
		nextBesideAnInjectedContainer(),
		nextWithALongGrace(),
		nextOnASilentNode(),
		nextOfADeletedPod(),
		nextAfterTheEnd(),
		nextBetweenAttempts(),
		nextOfAPausedExecution(),
		nextOfACanceledExecution(CancelDrain),
		nextOfACanceledExecution(CancelStop),
		nextOfATaskThatEndsBesideACancel(CancelDrain),
		nextOfATaskThatEndsBesideACancel(CancelStop),
		nextOfADrainedExecution(),
		nextOfAStoppedExecution(),
	} {
		for name, tc := range some {
			if _, ok := cases[name]; ok {
				t.Errorf("two cases are named %q", name)
			}
			cases[name] = tc
		}
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.observation.Since = origin
			if tc.observation.Settings.StartDeadline == 0 {
				tc.observation.Settings = settings()
			}
			got := Next(tc.observation, after(tc.now))
			if got.Step != tc.want {
				t.Fatalf("%s, want %s: %+v", got.Step, tc.want, got)
			}
			if got.End.Outcome != tc.wantOutcome || !strings.Contains(got.End.Message, tc.wantMessage) {
				t.Errorf("ends as %v %q, want %v %q", got.End.Outcome, got.End.Message, tc.wantOutcome, tc.wantMessage)
			}
			if got.Step == Finish && got.End.Finished.IsZero() {
				t.Error("ends at no time")
			}
			if !got.Started.Equal(tc.wantStarted) {
				t.Errorf("started %s, want %s", got.Started, tc.wantStarted)
			}
			if want := tc.wantRunning || !tc.wantStarted.IsZero(); got.Running != want {
				t.Errorf("runs: %t, want %t", got.Running, want)
			}
			if got.Unreachable != tc.wantSilent {
				t.Errorf("because the node is silent: %t, want %t", got.Unreachable, tc.wantSilent)
			}
			if got.Recheck != tc.wantRecheck {
				t.Errorf("looks again after %s, want %s", got.Recheck, tc.wantRecheck)
			}
		})
	}
}

func TestStoppedPodEndsNoEarlierThanItWasStopped(t *testing.T) {
	never := pods(podWith(phase(corev1.PodFailed), goneAt(startDeadline+2*time.Second), container("check", vanished())))
	observation := Observation{Settings: settings(), Job: jobWith(), Pods: never, Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff"), Since: origin}
	if got := Next(observation, after(startDeadline+3*time.Second)); !got.End.Finished.Equal(after(startDeadline)) {
		t.Errorf("ended at %s, want %s: %+v", got.End.Finished, after(startDeadline), got)
	}
}

// everyObservation yields all combinations of a few facts in an Observation.
func everyObservation(yield func(name string, s Observation)) {
	jobs := map[string]*batchv1.Job{
		"no Job":                 nil,
		"a Job":                  jobWith(),
		"a Job of two attempts":  jobWith(backoff(1)),
		"a Job of one container": jobWith(ofContainers("check")),
		"a stopped Job":          jobWith(stopped("failed/ImagePullBackOff", "m")),
		"a Job about to fail":    jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
		"a failed Job":           jobWith(condition(batchv1.JobFailed, "BackoffLimitExceeded", time.Minute)),
		"a complete Job":         jobWith(condition(batchv1.JobComplete, "", time.Minute)),
		"a suspended Job":        jobWith(condition(batchv1.JobSuspended, "", time.Minute)),
	}
	podLists := map[string][]*corev1.Pod{
		"no pod":                    nil,
		"a new pod":                 pods(podWith()),
		"a new pod, deleted":        pods(podWith(deleting)),
		"a running pod":             pods(runningPod(time.Second)),
		"a running pod, deleted":    pods(runningPod(time.Second, deleting)),
		"a pod with a long grace":   pods(runningPod(time.Second, onNode, graceOf(10*time.Minute))),
		"one of them, deleted":      pods(runningPod(time.Second, onNode, deletedFor(time.Minute, 10*time.Minute))),
		"a pod whose work is done":  pods(meshed(exited(0, "Completed", time.Second, 2*time.Second))),
		"a sidecar without its pod": pods(podWith(sidecar("ship", running(time.Second)), unseen("check"))),
		"a pod of an unknown phase": pods(podWith(phase(corev1.PodUnknown))),
		"a failed pod":              pods(failedPodAt(0, time.Second)),
		"a failed pod and a new":    pods(failedPodAt(0, time.Second), podWith(born(time.Minute))),
		"a succeeded pod":           pods(succeededPod(0, time.Second)),
	}
	both := []bool{false, true}
	for jobName, job := range jobs {
		for podName, podList := range podLists {
			for _, created := range both {
				for _, seen := range both {
					for _, gone := range both {
						for _, stopped := range []*Stopped{nil, told(0, execution.Failed, "Told")} {
							for _, started := range []time.Time{{}, after(time.Second)} {
								yield(
									fmt.Sprintf("%s, %s, created %t, seen %t, node gone %t, stopped %t, started %t", jobName, podName,
										created, seen, gone, stopped != nil, !started.IsZero()),
									Observation{
										Settings: settings(), Task: execution.Task{Started: started}, Created: created, Seen: seen, NodeGone: gone,
										Job: job, Pods: podList, Since: origin, Stopped: stopped,
									})
							}
						}
					}
				}
			}
		}
	}
}

// horizon is later than all deadlines of these observations.
const horizon = 24 * time.Hour

func TestNextNeverWaitsWithoutALimit(t *testing.T) {
	everyObservation(func(name string, s Observation) {
		for _, now := range []time.Duration{
			0, time.Second, cacheLag, stopWait, 2 * time.Minute, startDeadline, startDeadline + time.Second, jobTimeout,
			jobTimeout + stopWait, jobTimeout + 2*stopWait, jobTimeout + startDeadline + retryPause, horizon,
		} {
			action := Next(s, after(now))
			switch action.Step {
			case Create, Verify:
				if s.Job != nil {
					t.Errorf("%s, after %s: %s although there is a Job", name, now, action.Step)
				}
				if action.Step == Create && s.Created {
					t.Errorf("%s, after %s: is created again", name, now)
				}
			case Stop, Finish:
				if !action.End.Outcome.State.Final() {
					t.Errorf("%s, after %s: ends as %v", name, now, action.End.Outcome)
				}
				if action.Step == Stop && s.Stopped != nil {
					t.Errorf("%s, after %s: is stopped again", name, now)
				}
			case Wait:
				if action.Recheck <= 0 || now+action.Recheck > horizon {
					t.Errorf("%s, after %s: looks again after %s", name, now, action.Recheck)
				}
			default:
				t.Errorf("%s, after %s: does %q", name, now, action.Step)
			}
		}
	})
}

// TestNextComesToAnEnd carries out the actions of Next, and nothing else: no pod changes
// its state, and the Job gets no condition.
func TestNextComesToAnEnd(t *testing.T) {
	everyObservation(func(name string, s Observation) {
		now := after(0)
		for range 10 {
			action := Next(s, now)
			switch action.Step {
			case Finish, Verify: // without a Job the task ends, with one the cache will show it
				return
			case Create: // there is a Job, or AfterRejection comes to an end
				return
			case Stop:
				s.Stopped = &Stopped{At: now, End: action.End}
			case Wait:
				now = now.Add(action.Recheck)
			}
		}
		t.Errorf("%s: does not end", name)
	})
}
