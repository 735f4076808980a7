package controller

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// changeRecord changes the only record, and returns it.
func (c *cluster) changeRecord(change func(*v1alpha1.Execution)) *v1alpha1.Execution {
	c.t.Helper()
	name := c.records()[0].Object.Name
	c.edit(name, change)
	written, err := c.resources().Get(c.ctx, name, metav1.GetOptions{})
	must(c.t, err)
	return written
}

// fromTheFuture gives a record a later schema version.
func fromTheFuture(e *v1alpha1.Execution) {
	e.Status.Account.Schema = 2
	e.Status.Plan.Parts[0].Name = "unheard-of"
}

func TestAnOpenExecutionOfALaterVersionIsNeitherEndedNorJoined(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		c.behave("a", behaviour{runFor: time.Hour})
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.CronExpression = "*/5 * * * *" })
		r := startReplica(t, c, store, cfg)
		time.Sleep(time.Minute)
		r.kill()
		before := c.changeRecord(fromTheFuture)
		jobs := c.created()

		r = newReplica(t, c.client, store, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r.Watch(ctx)
		err := r.Run(ctx, unfenced)
		var newer *record.NewerError
		if !errors.As(err, &newer) {
			t.Fatalf("Run: got %v, want that a later version is needed", err)
		}
		for _, want := range []string{before.Name, "schema: 2", "up to 1", "later version", "delete the Execution"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Run: got %v, want %q in it", err, want)
			}
		}
		after, err := c.resources().Get(t.Context(), before.Name, metav1.GetOptions{})
		must(t, err)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the record was changed:\n%s", diff)
		}
		if diff := cmp.Diff(jobs, c.created()); diff != "" {
			t.Errorf("Jobs were created:\n%s", diff)
		}
	})
}

func TestAClosedExecutionOfALaterVersionIsLeftAlone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.CronExpression, c.ReportHistory = "*/5 * * * *", 1 })
		r := startReplica(t, c, store, cfg)
		time.Sleep(2 * time.Minute)
		r.kill()
		before := c.changeRecord(fromTheFuture)
		id := execution.ID(before.Status.ExecutionID)

		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(12 * time.Minute)
		all, err := r.records.ListOf(t.Context(), testName)
		must(t, err)
		if len(all.Newer) != 1 || all.Newer[0].ID != id || len(all.Records) != 0 || len(all.Closed) != 1 {
			t.Errorf("got %d records of a later version and %d of this one, want one of each", len(all.Newer), len(all.Closed))
		}
		onDisk, err := store.Executions()
		must(t, err)
		if !slices.Contains(onDisk, id) {
			t.Errorf("the report of %s was dropped, its record says what only a later version knows", id)
		}
	})
}
