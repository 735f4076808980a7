package controller

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// failureEvents is how many node tasks of an execution have an event each.
const failureEvents = 20

// failureEvents returns the events of failed node tasks, about Jobs and about
// the record.
func (c *cluster) taskFailedEvents() (jobs, records []corev1.Event) {
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
		jobs, records := c.taskFailedEvents()
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
		if jobs, _ := c.taskFailedEvents(); len(jobs) == 0 || len(jobs) >= failureEvents {
			t.Fatalf("%d have failed so far, want some", len(jobs))
		}
		cfg.RunOnStartup = false
		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		jobs, records := c.taskFailedEvents()
		if len(jobs) > failureEvents || len(records) != 1 {
			t.Fatalf("%d events about Jobs and %d about the record, want at most %d and 1", len(jobs), len(records), failureEvents)
		}
		if want := "50 node tasks failed or were lost, of which the first 20 have an event each: 50 ContainerFailed"; records[0].Message != want {
			t.Errorf("the record's event is %q, want %q", records[0].Message, want)
		}
	})
}
