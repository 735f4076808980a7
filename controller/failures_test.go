package controller

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// failureEvents returns the events of failed node tasks, about Jobs and about
// the record.
func (c *cluster) failureEvents() (jobs, records []corev1.Event) {
	c.t.Helper()
	for _, e := range eventsIn(c.t, c.client) {
		switch {
		case e.Reason != kube.EventTaskFailed:
		case e.InvolvedObject.Kind == "Job":
			jobs = append(jobs, e)
		default:
			records = append(records, e)
		}
	}
	return jobs, records
}

func TestNodeTaskThatFailsHasAnEvent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{exitCode: 3})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(time.Minute)
		synctest.Wait()
		jobs, records := c.failureEvents()
		if len(jobs) != 1 || len(records) != 0 {
			t.Fatalf("%d events about Jobs and %d about the record, want 1 and 0", len(jobs), len(records))
		}
		job := c.jobsOfNode("a")[0]
		want := "node a failed in execution " + string(c.records()[0].Plan.ID) + ": ContainerFailed: container main exited with code 3"
		if e := jobs[0]; e.Message != want || e.Type != corev1.EventTypeWarning || e.InvolvedObject.UID != job.UID {
			t.Errorf("event %s %q about %s, want a Warning %q about %s", e.Type, e.Message, e.InvolvedObject.UID, want, job.UID)
		}
	})
}

func TestManyNodeTasksThatFailHaveAFewEvents(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var nodes []string
		for i := range 50 {
			nodes = append(nodes, fmt.Sprintf("n%02d", i))
		}
		c := newCluster(t, nodes...)
		for i, node := range nodes {
			c.behave(node, behaviour{exitCode: 3, runFor: time.Duration(i) * time.Second})
		}
		cfg := testConfig(func(c *config.Config) { c.PodPoolSize = 5 })
		store := newMemoryStore()
		r := startReplica(t, c, store, cfg)
		time.Sleep(15 * time.Second) // some have failed
		synctest.Wait()
		r.kill()
		if jobs, _ := c.failureEvents(); len(jobs) == 0 || len(jobs) >= maxFailureEvents {
			t.Fatalf("%d have failed so far, want some", len(jobs))
		}
		cfg.RunOnStartup = false
		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		jobs, records := c.failureEvents()
		if len(jobs) > maxFailureEvents || len(records) != 1 {
			t.Fatalf("%d events about Jobs and %d about the record, want at most %d and 1", len(jobs), len(records), maxFailureEvents)
		}
		if want := "50 node tasks failed or were lost, of which the first 20 have an event each: 50 ContainerFailed"; records[0].Message != want {
			t.Errorf("the record's event is %q, want %q", records[0].Message, want)
		}
	})
}

func TestOtherFailures(t *testing.T) {
	report := func(reasons ...execution.Reason) (r execution.Report) {
		for _, reason := range reasons {
			r.Tasks = append(r.Tasks, execution.TaskReport{State: execution.Failed, Reason: reason})
		}
		return r
	}
	many := make([]execution.Reason, 0, 40)
	for i := range 13 {
		for range 1 + i/6 {
			many = append(many, execution.Reason(fmt.Sprintf("R%02d", i)))
		}
	}
	cases := map[string]struct {
		report execution.Report
		want   string
	}{
		"none failed":                    {want: ""},
		"as many as have an event":       {report: report(many[:maxFailureEvents]...), want: ""},
		"more, and for too many reasons": {report: report(many...), want: "3 R12, 2 R06, 2 R07, 2 R08, 2 R09, 2 R10, 2 R11, 1 R00, 1 R01, 1 R02, and 3 other reasons"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := otherFailures(tc.report)
			if !strings.HasSuffix(got, tc.want) || (got == "") != (tc.want == "") {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
