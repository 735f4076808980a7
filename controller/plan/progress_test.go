package plan

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// endCase is a case of TestObserveEnds. The files ends_*_test.go have the cases.
type endCase struct {
	job  *batchv1.Job
	pods []*corev1.Pod

	want       execution.End
	wantDoomed bool // the Job has failed, and a pod may still run
}

// workStart and workEnd are when the containers of most cases run.
const (
	workStart = 10 * time.Second
	workEnd   = 70 * time.Second
)

func TestObserveEnds(t *testing.T) {
	cases := map[string]endCase{}
	for _, some := range []map[string]endCase{
		endsOfPodsThatSucceed(),
		endsOfPodsThatFail(),
		endsBesideInjectedContainers(),
		endsOfOneOfSeveralContainers(),
		endsOfDeletedPods(),
		endsOfJobs(),
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
			progress := ProgressOf(tc.job, tc.pods)
			got, other := progress.End, progress.Doomed
			if tc.wantDoomed {
				got, other = other, got
			}
			if diff := cmp.Diff(&tc.want, got); diff != "" {
				t.Errorf("end (-want +got):\n%s", diff)
			}
			if other != nil {
				t.Errorf("ends twice: %+v", other)
			}
		})
	}
}

func TestObserveGoesOn(t *testing.T) {
	cases := map[string]struct {
		job  *batchv1.Job
		pods []*corev1.Pod

		wantWaiting     time.Time
		wantStarted     time.Time
		wantRunning     bool
		wantCannotStart bool
	}{
		"no pod yet":             {job: jobWith(), wantWaiting: after(0), wantCannotStart: true},
		"a pod that is new":      {job: jobWith(), pods: pods(podWith(born(time.Second))), wantWaiting: after(time.Second)},
		"a pod that runs":        {job: jobWith(), pods: pods(runningPod(10 * time.Second)), wantWaiting: after(0), wantStarted: after(10 * time.Second), wantRunning: true},
		"a pod that initializes": {job: jobWith(), pods: pods(podWith(initContainer("prepare", running(5*time.Second)), container("check", waiting("PodInitializing", "")))), wantWaiting: after(0), wantRunning: true},
		"a pod that has initialized": {
			job: jobWith(), pods: pods(podWith(initContainer("prepare", exited(0, "Completed", 5*time.Second, 50*time.Second)), container("check", waiting("PodInitializing", "")))),
			wantWaiting: after(50 * time.Second),
		},
		"a pod whose second init container is being made": {
			job: jobWith(), pods: pods(podWith(initContainer("prepare", exited(0, "Completed", 5*time.Second, 50*time.Second)),
				initContainer("more", waiting("PodInitializing", "")), container("check", waiting("PodInitializing", "")))),
			wantWaiting: after(50 * time.Second),
		},
		"a pod of which only a sidecar runs": {
			job: jobWith(), pods: pods(podWith(sidecar("ship", running(5*time.Second)), container("check", waiting("PodInitializing", "")))), wantWaiting: after(0),
		},
		"a pod of which one of two containers runs": {
			job: jobWith(), pods: pods(podWith(container("helper", running(5*time.Second)), container("check", waiting("ErrImagePull", "")))),
			wantWaiting: after(0), wantStarted: after(5 * time.Second),
		},
		"a pod of which nothing is known of one container": {
			job: jobWith(), pods: pods(podWith(container("helper", running(5*time.Second)), unseen("check"))),
			wantWaiting: after(0), wantStarted: after(5 * time.Second),
		},
		"a pod with a container for debugging": {
			job: jobWith(), pods: pods(podWith(debugged(running(5*time.Second)), container("check", waiting("ErrImagePull", "")))), wantWaiting: after(0),
		},
		"a pod that is being deleted while it is debugged": {
			job: jobWith(), pods: pods(podWith(deleting, debugged(running(5*time.Second)), container("check", exited(0, "", 1*time.Second, 2*time.Second)))),
			wantWaiting: after(0), wantStarted: after(1 * time.Second), wantRunning: true,
		},
		"a pod whose container is being started again in place": {
			job: jobWith(), pods: pods(podWith(restarted("check", waiting("CrashLoopBackOff", "back-off"), exited(1, "Error", 5*time.Second, 6*time.Second)))),
			wantWaiting: after(0), wantStarted: after(5 * time.Second), wantRunning: true,
		},
		"a pod whose container was started again in place": {
			job: jobWith(), pods: pods(podWith(restarted("check", running(50*time.Second), exited(1, "Error", 5*time.Second, 6*time.Second)))),
			wantWaiting: after(0), wantStarted: after(5 * time.Second), wantRunning: true,
		},
		"a pod of which one container has failed": {
			job:         jobWith(),
			pods:        pods(runningPod(10*time.Second, container("other", exited(1, "Error", 8*time.Second, 9*time.Second)))),
			wantWaiting: after(0), wantStarted: after(8 * time.Second), wantRunning: true,
		},
		"a pod whose only container could not be started": {
			job: jobWith(), pods: pods(podWith(container("check", unstartable(9*time.Second)))), wantWaiting: after(0), wantRunning: true,
		},
		"a pod that never started and is being deleted": {
			job: jobWith(), pods: pods(podWith(deleting)), wantWaiting: after(0), wantCannotStart: true,
		},
		"a pod that is being deleted, and may have started on its node": {
			job: jobWith(), pods: pods(podWith(onNode, deleting)), wantWaiting: after(0),
		},
		"a pod that is being deleted, and of which the kubelet has nothing left": {
			job: jobWith(), pods: pods(podWith(onNode, goneAt(time.Minute))), wantWaiting: after(0), wantCannotStart: true,
		},
		"a pod that runs and is being deleted": {
			job: jobWith(), pods: pods(runningPod(10*time.Second, deleting)), wantWaiting: after(0), wantStarted: after(10 * time.Second), wantRunning: true,
		},
		"a pod in the phase Unknown": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodUnknown))), wantWaiting: after(0),
		},
		"the first of three attempts failed": {
			job: jobWith(backoff(2)), pods: pods(failedPodAt(time.Second, 2*time.Second)),
			wantWaiting: after(time.Second), wantStarted: after(time.Second), wantRunning: true,
		},
		"two of three attempts failed": {
			job: jobWith(backoff(2)), pods: pods(failedPodAt(time.Second, 2*time.Second), failedPodAt(20*time.Second, 22*time.Second)),
			wantWaiting: after(20 * time.Second), wantStarted: after(20 * time.Second), wantRunning: true,
		},
		"the second of three attempts begins": {
			job: jobWith(backoff(2)), pods: pods(podWith(born(20*time.Second)), failedPodAt(time.Second, 2*time.Second)),
			wantWaiting: after(20 * time.Second),
		},
		"a Job without a limit makes one attempt": {
			job: jobWith(func(j *batchv1.Job) { j.Spec.BackoffLimit = nil }), pods: pods(podWith()), wantWaiting: after(0),
		},
		"a condition that is not true": {
			job: jobWith(func(j *batchv1.Job) {
				j.Status.Conditions = []batchv1.JobCondition{
					{Type: batchv1.JobFailed, Status: corev1.ConditionFalse}, {Type: batchv1.JobComplete, Status: corev1.ConditionUnknown},
				}
			}),
			pods: pods(podWith()), wantWaiting: after(0),
		},
		"a suspended Job": {
			job: jobWith(condition(batchv1.JobSuspended, "JobSuspended", time.Minute)), wantWaiting: after(0), wantCannotStart: true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			progress := ProgressOf(tc.job, tc.pods)
			if progress.End != nil || progress.Doomed != nil {
				t.Fatalf("ended: %+v, %+v", progress.End, progress.Doomed)
			}
			if !progress.Waiting.Equal(tc.wantWaiting) {
				t.Errorf("waiting since %s, want %s", progress.Waiting, tc.wantWaiting)
			}
			if !progress.Started.Equal(tc.wantStarted) {
				t.Errorf("started %s, want %s", progress.Started, tc.wantStarted)
			}
			if progress.Running != tc.wantRunning {
				t.Errorf("Running %t, want %t", progress.Running, tc.wantRunning)
			}
			if progress.CannotStart != tc.wantCannotStart {
				t.Errorf("CannotStart %t, want %t", progress.CannotStart, tc.wantCannotStart)
			}
		})
	}
}

func TestObserveWithoutALimit(t *testing.T) {
	job := jobWith(func(j *batchv1.Job) { j.Spec.BackoffLimit = nil })
	if progress := ProgressOf(job, pods(failedPodAt(0, time.Second))); progress.End == nil {
		t.Error("waits for another attempt")
	}
}

func TestWhyNotStarted(t *testing.T) {
	cases := map[string]struct {
		pods []*corev1.Pod

		want        execution.Reason
		wantMessage string
	}{
		"no pod": {want: execution.PodNotCreated, wantMessage: "the Job controller created no pod; see the events of the Job for the cause, such as a quota, a webhook or Pod Security"},
		"the image cannot be pulled": {
			pods: pods(podWith(container("check", waiting("ErrImagePull", "not found")))),
			want: "ErrImagePull", wantMessage: "container check: not found",
		},
		"the image still cannot be pulled": {
			pods: pods(podWith(container("check", waiting("ImagePullBackOff", "Back-off")))),
			want: "ImagePullBackOff", wantMessage: "container check: Back-off",
		},
		"a Secret is missing": {
			pods: pods(podWith(container("check", waiting("CreateContainerConfigError", `secret "x" not found`)))),
			want: "CreateContainerConfigError", wantMessage: `container check: secret "x" not found`,
		},
		"an init container keeps the others waiting": {
			pods: pods(podWith(initContainer("prepare", waiting("InvalidImageName", "bad")), container("check", waiting("PodInitializing", "")))),
			want: "InvalidImageName", wantMessage: "container prepare: bad",
		},
		"the second of two containers waits for something": {
			pods: pods(podWith(container("check", waiting("ContainerCreating", "")), container("upload", waiting("ErrImagePull", "gone")))),
			want: "ErrImagePull", wantMessage: "container upload: gone",
		},
		"the scheduler finds no room": {
			pods: pods(podWith(unscheduled("Unschedulable", "0/3 nodes are available: 1 Insufficient cpu"))),
			want: "Unschedulable", wantMessage: "0/3 nodes are available: 1 Insufficient cpu",
		},
		"a container waits, and does not say for what": {
			pods: pods(podWith(container("check", waiting("", "")))),
			want: execution.PodNotStarted, wantMessage: "no container started, and the pod's status has no reason",
		},
		"a volume cannot be mounted": {
			pods: pods(podWith(container("check", waiting("ContainerCreating", "")))),
			want: execution.PodNotStarted, wantMessage: "no container started, and the pod's status has no reason",
		},
		"a sidecar runs, and the image of the container cannot be pulled": {
			pods: pods(podWith(sidecar("ship", running(0)), container("check", waiting("ImagePullBackOff", "not found")))),
			want: "ImagePullBackOff", wantMessage: "container check: not found",
		},
		"a sidecar crashes, and the image of the container cannot be pulled": {
			pods: pods(podWith(sidecar("ship", waiting("CrashLoopBackOff", "back-off")), container("check", waiting("ImagePullBackOff", "not found")))),
			want: "ImagePullBackOff", wantMessage: "container check: not found",
		},
		"a sidecar keeps the others waiting": {
			pods: pods(podWith(sidecar("ship", waiting("CrashLoopBackOff", "back-off")), container("check", waiting("PodInitializing", "")))),
			want: "CrashLoopBackOff", wantMessage: "container ship: back-off",
		},
		"one of two containers runs, and the other one does not say what it waits for": {
			pods: pods(podWith(container("helper", running(0)), unseen("check"))),
			want: execution.PodNotStarted, wantMessage: "container check did not start, and the pod's status has no reason",
		},
		"the newest of several pods counts": {
			pods: pods(podWith(born(time.Minute), container("check", waiting("ErrImagePull", "new"))), failedPodAt(0, 0)),
			want: "ErrImagePull", wantMessage: "container check: new",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			end := ProgressOf(jobWith(backoff(3)), tc.pods).WhyNotStarted()
			if end.Outcome != ended(execution.Failed, tc.want) || end.Message != tc.wantMessage {
				t.Errorf("got %v %q, want %s %q", end.Outcome, end.Message, tc.want, tc.wantMessage)
			}
		})
	}
}

var reasonPattern = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

func FuzzObserve(f *testing.F) {
	f.Add("Failed", "Evicted", "low on memory", "Error", "said", int32(137), "failed/X", "m", "DeadlineExceeded", int64(0), uint8(1))
	f.Add("Pending", "", "", "ImagePullBackOff", "", int32(0), "", "", "", int64(-1), uint8(2))
	f.Add("Running", "\x00", "\xff", "…", "\n", int32(-1), "succeeded/…", "\xff", "BackoffLimitExceeded", int64(1)<<40, uint8(7))
	f.Add("Failed", "DeadlineExceeded", "", "", "", int32(1), "lost/", "", "", int64(1), uint8(12))
	f.Fuzz(func(t *testing.T, podPhase, podReason, podMessage, reason, message string, code int32,
		stop, stopMessage, jobReason string, seconds int64, shape uint8) {
		at := metav1.Unix(seconds, 0)
		state := corev1.ContainerState{}
		switch shape % 4 {
		case 0:
			state.Terminated = &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message, StartedAt: at, FinishedAt: stamp(0)}
		case 1:
			state.Waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
		case 2:
			state.Running = &corev1.ContainerStateRunning{StartedAt: at}
		}
		pod := podWith(phase(corev1.PodPhase(podPhase)), says(podReason, podMessage), container(reason, state),
			initContainer(message, state), unscheduled(reason, message))
		job := jobWith(backoff(code%3), stopped(stop, stopMessage))
		if shape&4 != 0 {
			condition(batchv1.JobConditionType(jobReason), jobReason, 0)(job)
			condition(batchv1.JobFailed, jobReason, 0)(job)
		}
		if shape&8 != 0 {
			deleting(pod)
		}
		progress := ProgressOf(job, pods(pod))
		why := progress.WhyNotStarted()
		for _, end := range []*execution.End{progress.End, progress.Doomed, &why} {
			switch {
			case end == nil:
			case !end.Outcome.State.Final():
				t.Errorf("ends as %q", end.Outcome.State)
			case end.Outcome.State == execution.Succeeded && end.Outcome.Reason == "":
			case !reasonPattern.MatchString(string(end.Outcome.Reason)):
				t.Errorf("reason %q", end.Outcome.Reason)
			}
		}
		observation := Observation{Settings: settings(), Job: job, Pods: pods(pod), Created: true, Seen: true, Since: origin}
		if action := Next(observation, after(time.Minute)); action.Step == Wait && action.Recheck <= 0 {
			t.Errorf("waits for ever: %+v", action)
		}
		if _, ok := jobspec.KeyOf(job); ok {
			t.Error("the Job has a key")
		}
	})
}
