package simulation

import (
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// create writes an object, as update and remove do: the oracle checks the write, and the
// cluster's controllers act on it. The caller holds the lock.
func (w *world) create(k kind, o object) error {
	if err := w.api.create(k, o); err != nil {
		return err
	}
	switch o := o.(type) {
	case *batchv1.Job:
		w.oracle.jobCreated(o)
		w.jobCreated(o)
	case *corev1.Secret:
		w.secretCreated(o)
	case *v1alpha1.Execution:
		w.oracle.executionCreated(o)
	}
	w.collectIfOwnerIsGone(k, o)
	return nil
}

// updateStatus replaces only the status of a custom resource.
func (w *world) updateStatus(k kind, o object) error {
	before := w.api.get(k, o.GetName())
	if err := w.api.updateStatus(k, o); err != nil {
		return err
	}
	if now, ok := o.(*v1alpha1.Execution); ok {
		w.oracle.statusWritten(before.(*v1alpha1.Execution), now)
		w.oracle.checkShares()
	}
	return nil
}

func (w *world) update(k kind, o object) error {
	before := w.api.get(k, o.GetName())
	if err := w.api.update(k, o); err != nil {
		return err
	}
	if job, ok := o.(*batchv1.Job); ok && isStopped(job) && !isStopped(before.(*batchv1.Job)) {
		w.oracle.checkStop(job)
		w.jobStopped(job)
	}
	return nil
}

func (w *world) remove(k kind, name string) {
	stored := w.api.get(k, name)
	if stored == nil {
		return
	}
	w.api.remove(k, name)
	switch o := stored.(type) {
	case *v1alpha1.Execution:
		w.oracle.recordDeleted(o)
	case *batchv1.Job:
		w.oracle.jobDeleted(o)
		w.collectPod(o)
	case *corev1.Secret:
		w.oracle.secretDeleted(o)
	}
	switch k {
	case configMaps, executions, nodeCronJobs:
		w.collect(stored)
	}
}

// alter changes an existing object, as the cluster's controllers do.
func alter[P object](w *world, k kind, name string, f func(P)) {
	stored := w.api.get(k, name)
	if stored == nil {
		return
	}
	o := stored.DeepCopyObject().(P)
	f(o)
	w.must(w.api.update(k, o))
}

// draw returns the luck for a purpose in the cluster.
func (w *world) draw(what ...string) luck { return roll(w.seed, 0, what...) }

// life is a Job and its only pod.
type life struct {
	job     *batchv1.Job // as it was created
	key     execution.Key
	pod     string
	token   string        // in the environment of its container
	running bool          // a container runs
	ended   bool          // the container has ended
	done    bool          // its work has ended, although a container that admission added still runs
	gone    chan struct{} // closed when the container is killed
	stopped time.Time     // when the Job was stopped
	deleted time.Time     // when the deletion of the pod began
	byUser  bool          // a user deleted the pod
	silent  bool          // its node was silent for a minute after that: the pod no longer counts
	concl   bool          // the Job has its condition
}

// jobCreated is the Job controller: it creates the pod of a Job.
func (w *world) jobCreated(job *batchv1.Job) {
	key, _ := jobspec.KeyOf(job)
	l := &life{job: job, key: key, pod: fmt.Sprintf("%s-%d", job.Name, w.oracle.jobs[key].created), gone: make(chan struct{})}
	w.lives[job.Name] = l
	w.after(w.draw("pod of", job.Name).between(50*time.Millisecond, 2*time.Second), func() { w.createPod(l) })
}

// job returns the Job if it still exists.
func (w *world) job(l *life) *batchv1.Job {
	job, ok := w.api.get(jobs, l.job.Name).(*batchv1.Job)
	if !ok || job.UID != l.job.UID {
		return nil
	}
	return job
}

func isStopped(job *batchv1.Job) bool {
	d := job.Spec.ActiveDeadlineSeconds
	return d != nil && *d == 1
}

// jobStopped is the Job controller: it ends a Job that is past its deadline.
func (w *world) jobStopped(job *batchv1.Job) {
	l := w.lives[job.Name]
	l.stopped = time.Now()
	w.note("job-ctl", "deadline", job.Name, job.Annotations[jobspec.StopAnnotation])
	w.after(w.draw("stop", job.Name).between(time.Second, 4*time.Second), func() {
		if w.job(l) == nil || l.concl {
			return
		}
		if w.pod(l) == nil {
			w.conclude(l, batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded)
			return
		}
		w.addCondition(l, batchv1.JobFailureTarget, batchv1.JobReasonDeadlineExceeded)
		w.deletePod(l)
	})
}

// jobConcludes is the Job controller: it notices after a while that the pod has ended or
// is deleted.
func (w *world) jobConcludes(l *life, succeeded bool) {
	w.after(w.draw("conclude", l.job.Name).between(time.Second, 3*time.Second), func() {
		switch {
		case succeeded:
			w.conclude(l, batchv1.JobComplete, "")
		case isStoppedBy(w.job(l)):
			w.conclude(l, batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded)
		default:
			w.conclude(l, batchv1.JobFailed, batchv1.JobReasonBackoffLimitExceeded)
		}
	})
}

func isStoppedBy(job *batchv1.Job) bool { return job != nil && isStopped(job) }

func (w *world) conclude(l *life, condition batchv1.JobConditionType, reason string) {
	if w.job(l) == nil || l.concl {
		return
	}
	l.concl = true
	w.addCondition(l, condition, reason)
}

func (w *world) addCondition(l *life, condition batchv1.JobConditionType, reason string) {
	now := metav1.NewTime(time.Now().Truncate(time.Second))
	alter(w, jobs, l.job.Name, func(job *batchv1.Job) {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
			Type: condition, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: now,
		})
		if condition == batchv1.JobComplete {
			job.Status.CompletionTime = &now
		}
	})
	w.note("job-ctl", "condition", l.job.Name, string(condition)+" "+reason)
}

func (w *world) collectPod(job *batchv1.Job) {
	l := w.lives[job.Name]
	w.after(w.draw("gc pod", job.Name, string(job.UID)).between(200*time.Millisecond, 2*time.Second), func() { w.deletePod(l) })
}
