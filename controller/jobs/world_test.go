package jobs_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

const (
	controllerName = "check"
	namespace      = "jobs"
	podTemplate    = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: main, image: main}]}}"
)

var owner = jobspec.Owner{Name: "check-1", UID: "of the execution"}

// world is a cluster with the Jobs of an execution. Its caches are empty, unless they run.
type world struct {
	t       *testing.T
	client  *testkit.Clientset
	caches  *kube.Caches
	plan    execution.Plan
	taken   time.Time // over
	fence   error
	token   error
	notices []string
	codes   []string // of failed requests
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, client: testkit.NewClientset(), plan: testkit.Plan(podTemplate)}
	w.plan.NodeCronJob = "disk"
	var err error
	w.caches, err = kube.NewCaches(w.client, namespace, controllerName, "replica", clock.RealClock{}, nil)
	testkit.Must(t, err)
	return w
}

func (w *world) jobs() *jobs.Jobs {
	return jobs.New(jobs.Options{
		Controller: controllerName, Namespace: namespace, Client: w.client, Caches: w.caches, Tokens: w, Host: w, Notices: w, Metrics: w,
		Clock: clock.RealClock{}, Steady: timing.NewSteady(clock.RealClock{}), Log: slog.New(slog.DiscardHandler),
		Plan: w.plan, Owner: owner, TakenOver: w.taken,
	})
}

func (w *world) lease(ctx context.Context) (context.Context, context.CancelFunc, error) {
	return ctx, func() {}, w.fence
}

func (w *world) Ensure(context.Context, execution.Plan, jobspec.Owner, int) error { return w.token }

func (w *world) Current(_ context.Context, planned string) string { return planned }

func (w *world) JobRejected(_ context.Context, reason, _ string, _ error) {
	w.notices = append(w.notices, reason)
}

func (w *world) JobCreateFailed(code string) { w.codes = append(w.codes, code) }

// first returns the node task of the first node, which is admitted and on a node that is there.
func (w *world) first(j *jobs.Jobs) *jobs.Task {
	t := j.Look(execution.Task{Node: w.plan.Nodes[0]})
	t.Observed.Admitted, t.Observed.NodeGone = true, false
	return t
}

// failing has requests fail.
func (w *world) failing(verb, resource string, err error) {
	w.reacting(verb, resource, func() error { return err })
}

// reacting has requests fail while a function returns an error.
func (w *world) reacting(verb, resource string, fails func() error) {
	w.client.PrependReactor(verb, resource, func(clienttesting.Action) (bool, runtime.Object, error) {
		err := fails()
		return err != nil, nil, err
	})
}

// job puts the first task's Job into the cluster, of an owner.
func (w *world) job(of types.UID, change func(*batchv1.Job)) *batchv1.Job {
	w.t.Helper()
	job, err := jobspec.Render(w.plan, 0, jobspec.Options{Controller: controllerName, Namespace: namespace, Owner: jobspec.Owner{Name: "x", UID: of}})
	testkit.Must(w.t, err)
	job.UID = "of the Job"
	if change != nil {
		change(job)
	}
	testkit.Must(w.t, w.client.Tracker().Create(batchv1.SchemeGroupVersion.WithResource("jobs"), job, namespace))
	return job
}

// pod creates a pod of the first task's Job, in a phase.
func (w *world) pod(phase corev1.PodPhase) {
	w.t.Helper()
	job, err := jobspec.Render(w.plan, 0, jobspec.Options{Controller: controllerName, Namespace: namespace, Owner: owner})
	testkit.Must(w.t, err)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "pod", Namespace: namespace, Labels: job.Spec.Template.Labels, CreationTimestamp: metav1.Now(),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec:   corev1.PodSpec{NodeName: w.plan.Nodes[0].Name, Containers: job.Spec.Template.Spec.Containers},
		Status: corev1.PodStatus{Phase: phase},
	}
	if phase == corev1.PodRunning {
		running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: running}}
	}
	testkit.Must(w.t, w.client.Tracker().Create(corev1.SchemeGroupVersion.WithResource("pods"), pod, namespace))
}

// node creates the first node; unreachable is since when it is.
func (w *world) node(unreachable time.Time) {
	w.t.Helper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.plan.Nodes[0].Name, UID: types.UID(w.plan.Nodes[0].UID)}}
	if !unreachable.IsZero() {
		since := metav1.NewTime(unreachable)
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, LastTransitionTime: since}}
	}
	_, err := w.client.CoreV1().Nodes().Create(w.t.Context(), node, metav1.CreateOptions{})
	testkit.Must(w.t, err)
}
