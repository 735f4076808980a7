package kube_test

import (
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

var taskKey = execution.Key{Execution: "20260304050000", Node: "worker-1"}

// jobOf returns a Job with the labels of a node task and a definition, created at a minute.
func jobOf(name, definition string, minute int) *batchv1.Job {
	labels := jobspec.CommonLabels("check", jobspec.JobComponent)
	labels[jobspec.ExecutionLabel], labels[jobspec.NodeCronJobLabel] = string(taskKey.Execution), definition
	return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
		Name: name, Namespace: "jobs", Labels: labels, Annotations: map[string]string{jobspec.NodeAnnotation: taskKey.Node},
		CreationTimestamp: metav1.NewTime(time.Date(2026, 3, 4, 5, minute, 0, 0, time.UTC)),
	}}
}

// cachesOf returns caches of Jobs, within a bubble.
func cachesOf(t *testing.T, jobs ...*batchv1.Job) (*testkit.Clientset, *kube.Caches) {
	t.Helper()
	client := testkit.NewClientset()
	for _, job := range jobs {
		_, err := client.BatchV1().Jobs("jobs").Create(t.Context(), job, metav1.CreateOptions{})
		testkit.Must(t, err)
	}
	caches, err := kube.NewCaches(client, "jobs", "check", "replica", clock.RealClock{}, nil)
	testkit.Must(t, err)
	caches.Run(t.Context())
	testkit.Must(t, caches.WaitForSync(t.Context()))
	return client, caches
}

func TestTheJobOfANodeTask(t *testing.T) {
	own, other := jobspec.JobName("disk", taskKey), jobspec.JobName("net", taskKey)
	tests := map[string]struct {
		jobs []*batchv1.Job
		want string
	}{
		"none":                    {nil, ""},
		"its own":                 {[]*batchv1.Job{jobOf(own, "disk", 1)}, own},
		"a foreign one":           {[]*batchv1.Job{jobOf("foreign", "disk", 1)}, ""},
		"one without definition":  {[]*batchv1.Job{jobOf(own, "", 1)}, ""},
		"its own beside foreign":  {[]*batchv1.Job{jobOf("a-foreign", "disk", 0), jobOf(own, "disk", 1), jobOf("foreign", "net", 0)}, own},
		"a later one of another":  {[]*batchv1.Job{jobOf(own, "disk", 1), jobOf(other, "net", 2)}, own},
		"an earlier one likewise": {[]*batchv1.Job{jobOf(own, "disk", 2), jobOf(other, "net", 1)}, other},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, caches := cachesOf(t, tt.jobs...)
				got := ""
				if job := caches.JobOf(taskKey); job != nil {
					got = job.Name
				}
				if got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if job := caches.JobOf(execution.Key{Execution: taskKey.Execution, Node: "worker-2"}); job != nil {
					t.Errorf("of another node: got %s", job.Name)
				}
			})
		})
	}
}

func TestTheObjectOfAnEvent(t *testing.T) {
	name := jobspec.JobName("disk", taskKey)
	unknown := "the Job of node worker-1 is not known: neither is execution 20260304050000"
	tests := map[string]struct {
		cached, created bool
		definition      string
		want            string
	}{
		"the cache has the Job":            {cached: true, want: "Job " + name},
		"the cache is late":                {created: true, definition: "disk", want: "Job " + name},
		"the Job is of another definition": {created: true, definition: "net", want: `read Job ` + jobspec.JobName("net", taskKey) + `: jobs.batch "` + jobspec.JobName("net", taskKey) + `" not found`},
		"the execution is not known":       {created: true, want: unknown},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				job := jobOf(name, "disk", 1)
				var before []*batchv1.Job
				if tt.cached {
					before = append(before, job)
				}
				client, caches := cachesOf(t, before...)
				if tt.created { // without the labels, by which the cache has it
					job.Labels = nil
					_, err := client.BatchV1().Jobs("jobs").Create(t.Context(), job, metav1.CreateOptions{})
					testkit.Must(t, err)
				}
				subjects := kube.NewSubjects(client, caches, "jobs", func(execution.ID) string { return tt.definition })
				about, err := subjects.Of(t.Context(), taskKey)
				got := about.Kind + " " + about.Name
				if err != nil {
					got = err.Error()
				}
				if got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		})
	}
}
