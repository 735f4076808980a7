package controller

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// changeRecord changes the only record, and returns it.
func (c *cluster) changeRecord(change func(*corev1.ConfigMap)) *corev1.ConfigMap {
	c.t.Helper()
	client := c.client.CoreV1().ConfigMaps(testNamespace)
	object := c.records()[0].Object.DeepCopy()
	change(object)
	written, err := client.Update(c.ctx, object, metav1.UpdateOptions{})
	must(c.t, err)
	return written
}

// fromTheFuture gives a record a later schema version.
func fromTheFuture(object *corev1.ConfigMap) {
	object.Data[schemaKey] = "2"
	object.BinaryData = map[string][]byte{"plan.v2": []byte("unheard of")}
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
		for _, want := range []string{before.Name, "schema: 2", "up to 1", "later version", "delete the ConfigMap"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Run: got %v, want %q in it", err, want)
			}
		}
		after, err := c.client.CoreV1().ConfigMaps(testNamespace).Get(t.Context(), before.Name, metav1.GetOptions{})
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
		id := execution.ID(before.Labels[jobspec.ExecutionLabel])

		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(12 * time.Minute)
		all, err := r.records.List(t.Context())
		must(t, err)
		if len(all.Newer) != 1 || all.Newer[0].ID != id || len(all.Records) != 1 || all.Records[0].Account.Phase != execution.Closed {
			t.Errorf("got %d records of a later version and %d of this one, want one of each", len(all.Newer), len(all.Records))
		}
		onDisk, err := store.Executions()
		must(t, err)
		if !slices.Contains(onDisk, id) {
			t.Errorf("the report of %s was dropped, its record says what only a later version knows", id)
		}
	})
}

func TestRecordWithoutASchemaIsGoneOnWith(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		store, cfg := newMemoryStore(), testConfig()
		for _, node := range []string{"a", "b", "c"} {
			c.behave(node, behaviour{runFor: time.Minute})
		}
		r := startReplica(t, c, store, cfg)
		time.Sleep(30 * time.Second)
		r.kill()
		c.changeRecord(func(object *corev1.ConfigMap) { delete(object.Data, schemaKey) })

		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(5 * time.Minute)
		c.wantAllSucceeded(cfg.PodPoolSize)
	})
}
