package rig

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// State is what an audit has seen of a namespace.
type State struct {
	// Jobs holds every Job that ever was, as last seen, by UID; Pods likewise.
	Jobs map[types.UID]*batchv1.Job
	Pods map[types.UID]*corev1.Pod
	// Records holds the execution records by their ID, as last seen.
	Records map[execution.ID]*corev1.ConfigMap
	// Gone holds the UIDs of those of them that were deleted.
	Gone map[types.UID]bool
	// Events holds the events by name, as last seen.
	Events map[string]*corev1.Event
	// MostLive is the largest number of pods that had not ended at one time.
	MostLive int

	// When things were seen to happen.
	JobsCreated, PodsCreated, PodsEnded []time.Time

	live map[types.UID]bool
}

func newState() *State {
	return &State{
		Jobs:    map[types.UID]*batchv1.Job{},
		Pods:    map[types.UID]*corev1.Pod{},
		Records: map[execution.ID]*corev1.ConfigMap{},
		Gone:    map[types.UID]bool{},
		Events:  map[string]*corev1.Event{},
		live:    map[types.UID]bool{},
	}
}

func (s *State) seeJob(kind eventType, job *batchv1.Job, at time.Time) {
	if s.Jobs[job.UID] == nil {
		s.JobsCreated = append(s.JobsCreated, at)
	}
	s.Jobs[job.UID] = job
	s.seeGone(kind, job)
}

func (s *State) seePod(kind eventType, pod *corev1.Pod, at time.Time) {
	if s.Pods[pod.UID] == nil {
		s.PodsCreated = append(s.PodsCreated, at)
		s.live[pod.UID] = true
	}
	s.Pods[pod.UID] = pod
	s.seeGone(kind, pod)
	if s.live[pod.UID] && (kind == deleted || Ended(pod)) {
		delete(s.live, pod.UID)
		s.PodsEnded = append(s.PodsEnded, at)
	}
	s.MostLive = max(s.MostLive, len(s.live))
}

// Ended reports whether no container of the pod runs or will run.
func Ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func (s *State) seeConfigMap(kind eventType, object *corev1.ConfigMap, _ time.Time) {
	if id, err := execution.ParseID(object.Labels[jobspec.ExecutionLabel]); err == nil {
		s.Records[id] = object
		s.seeGone(kind, object)
	}
}

func (s *State) seeGone(kind eventType, object metav1.Object) {
	if kind == deleted {
		s.Gone[object.GetUID()] = true
	}
}

func (s *State) seeEvent(_ eventType, event *corev1.Event, _ time.Time) { s.Events[event.Name] = event }

// JobsOf returns how many Jobs each node has ever had.
func (s *State) JobsOf() map[string]int {
	count := map[string]int{}
	for _, job := range s.Jobs {
		count[job.Annotations[jobspec.NodeAnnotation]]++
	}
	return count
}

// PodsOf returns how many pods each node has ever had.
func (s *State) PodsOf() map[string]int {
	count := map[string]int{}
	for _, pod := range s.Pods {
		count[pod.Annotations[jobspec.NodeAnnotation]]++
	}
	return count
}

// Running returns the pod that runs on the node, or nil.
func (s *State) Running(node string) *corev1.Pod {
	for uid := range s.live {
		if pod := s.Pods[uid]; pod.Spec.NodeName == node && pod.Status.Phase == corev1.PodRunning {
			return pod
		}
	}
	return nil
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

// Closed reports whether there is an execution record, and all are closed.
func (s *State) Closed() bool {
	for _, record := range s.Records {
		if !closed(record) {
			return false
		}
	}
	return len(s.Records) > 0
}
