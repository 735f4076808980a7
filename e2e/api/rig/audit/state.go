package audit

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// State is what an audit has observed of a namespace.
type State struct {
	// Jobs and Pods have all objects so far, as last observed, by UID.
	Jobs map[types.UID]*batchv1.Job
	Pods map[types.UID]*corev1.Pod
	// Records has the executions that have been opened by their ID, as last observed.
	Records map[execution.ID]*v1alpha1.Execution
	// Gone has the UIDs of deleted objects.
	Gone map[types.UID]bool
	// Events has the events by name, as last observed.
	Events map[string]*corev1.Event
	// MostLive is the largest number of pods at one time that had not ended.
	MostLive int

	// FirstSeen has the time of the first observation of each Job, by UID.
	FirstSeen map[types.UID]time.Time
	// The times of observations.
	JobsCreated, PodsCreated, PodsEnded []time.Time

	live map[types.UID]bool
}

func newState() *State {
	return &State{
		Jobs:    map[types.UID]*batchv1.Job{},
		Pods:    map[types.UID]*corev1.Pod{},
		Records: map[execution.ID]*v1alpha1.Execution{},
		Gone:    map[types.UID]bool{},
		Events:  map[string]*corev1.Event{},
		live:    map[types.UID]bool{},

		FirstSeen: map[types.UID]time.Time{},
	}
}

func (s *State) seeJob(kind watch.EventType, job *batchv1.Job, at time.Time) {
	if s.Jobs[job.UID] == nil {
		s.JobsCreated = append(s.JobsCreated, at)
		s.FirstSeen[job.UID] = at
	}
	s.Jobs[job.UID] = job
	s.seeGone(kind, job)
}

func (s *State) seePod(kind watch.EventType, pod *corev1.Pod, at time.Time) {
	if s.Pods[pod.UID] == nil {
		s.PodsCreated = append(s.PodsCreated, at)
		s.live[pod.UID] = true
	}
	s.Pods[pod.UID] = pod
	s.seeGone(kind, pod)
	if s.live[pod.UID] && (kind == watch.Deleted || Ended(pod)) {
		delete(s.live, pod.UID)
		s.PodsEnded = append(s.PodsEnded, at)
	}
	s.MostLive = max(s.MostLive, len(s.live))
}

// Ended reports whether no container of the pod runs or will run.
func Ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func (s *State) seeExecution(kind watch.EventType, e *v1alpha1.Execution, _ time.Time) {
	if id, err := execution.ParseID(string(e.Status.ExecutionID)); err == nil {
		s.Records[id] = e
		s.seeGone(kind, e)
	}
}

func (s *State) seeGone(kind watch.EventType, object metav1.Object) {
	if kind == watch.Deleted {
		s.Gone[object.GetUID()] = true
	}
}

func (s *State) seeEvent(_ watch.EventType, event *corev1.Event, _ time.Time) {
	s.Events[event.Name] = event
}

// Of returns the state with the Jobs and pods of one execution only.
func (s *State) Of(id execution.ID) *State {
	one := newState()
	for uid, job := range s.Jobs {
		if job.Labels[jobspec.ExecutionLabel] == string(id) {
			one.Jobs[uid] = job
		}
	}
	for uid, pod := range s.Pods {
		if pod.Labels[jobspec.ExecutionLabel] == string(id) {
			one.Pods[uid] = pod
		}
	}
	return one
}

// JobsOf returns how many Jobs each node has had so far.
func (s *State) JobsOf() map[string]int {
	count := map[string]int{}
	for _, job := range s.Jobs {
		count[job.Annotations[jobspec.NodeAnnotation]]++
	}
	return count
}

// PodsOf returns how many pods each node has had so far.
func (s *State) PodsOf() map[string]int {
	count := map[string]int{}
	for _, pod := range s.Pods {
		count[pod.Annotations[jobspec.NodeAnnotation]]++
	}
	return count
}

// AllRunning returns the running pods.
func (s *State) AllRunning() []*corev1.Pod {
	var running []*corev1.Pod
	for uid := range s.live {
		if pod := s.Pods[uid]; pod.Status.Phase == corev1.PodRunning {
			running = append(running, pod)
		}
	}
	return running
}

// Running returns the running pod of the node, or nil.
func (s *State) Running(node string) *corev1.Pod {
	if pod := s.Live(node); pod != nil && pod.Status.Phase == corev1.PodRunning {
		return pod
	}
	return nil
}

// Live returns the pod of the node that has not ended, or nil.
func (s *State) Live(node string) *corev1.Pod {
	for uid := range s.live {
		if pod := s.Pods[uid]; pod.Spec.NodeName == node {
			return pod
		}
	}
	return nil
}

// EndedWell reports whether a pod of the node has succeeded.
func (s *State) EndedWell(node string) bool {
	for _, pod := range s.Pods {
		if pod.Annotations[jobspec.NodeAnnotation] == node && pod.Status.Phase == corev1.PodSucceeded {
			return true
		}
	}
	return false
}

// EventsOf returns the events with the reason.
func (s *State) EventsOf(reason string) []*corev1.Event {
	var found []*corev1.Event
	for _, event := range s.Events {
		if event.Reason == reason {
			found = append(found, event)
		}
	}
	return found
}

// Closed reports whether an execution is closed.
func Closed(e *v1alpha1.Execution) bool { return e.Status.Phase == v1alpha1.Closed }

// Closed reports whether executions have been opened, and all are closed.
func (s *State) Closed() bool {
	for _, record := range s.Records {
		if !Closed(record) {
			return false
		}
	}
	return len(s.Records) > 0
}

// ClosedAt returns when the execution closed, or the zero time if it is open.
func (s *State) ClosedAt(id execution.ID) time.Time {
	if at := s.Records[id].Status.CloseTime; at != nil {
		return at.Time
	}
	return time.Time{}
}
