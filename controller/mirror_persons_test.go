package controller

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

func TestAnEditOfTheMirrorDoesNotTakeEffect(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store, cfg := newMemoryStore(), testConfig(everyTenMinutes)
		r := startReplica(t, c, store, cfg)
		sleepUntil(9 * time.Minute)
		synctest.Wait() // nothing uses the client now
		c.client.Resources.PrependReactor("update", "nodecronjobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
			n := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.NodeCronJob)
			isRestored := action.GetSubresource() == "" && n.Spec.PodPoolSize != 50
			return isRestored && time.Since(start()) < 11*time.Minute, nil, errors.New("no response")
		})
		c.redefine(testName, func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize = 50 })
		sleepUntil(11 * time.Minute)
		r.kill()
		c.redefine(testName, func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression, n.Spec.PodPoolSize = "* * * * *", 50 })
		sleepUntil(15 * time.Minute)
		r = startReplica(t, c, store, cfg)
		defer func() { r.kill() }()
		sleepUntil(21 * time.Minute)
		c.wantEnds(map[string]string{"00:10": "Closed", "00:20": "Closed"})
		for _, record := range c.records() {
			if got := record.Plan.Settings.PodPoolSize; got != cfg.PodPoolSize {
				t.Errorf("execution %s: got podPoolSize %d", record.Plan.ID, got)
			}
		}
		if got := c.eventsOf(kube.EventMirrorRestored); len(got) == 0 || got[0].InvolvedObject.Name != testName {
			t.Errorf("events: got %+v", got)
		}
	})
}

func TestADeletedMirrorComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.collectGarbage()
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.CronExpression = "*/10 * * * *" })
		r := startReplica(t, c, store, cfg)
		standby := newReplica(t, c.client, store, cfg)
		standby.watch()
		sleepUntil(11 * time.Minute)
		c.wantTriggers(execution.Startup, execution.Cron)
		before := c.defined(testName).UID
		synctest.Wait() // nothing uses the client now
		c.client.Resources.PrependReactor("create", "nodecronjobs", func(clienttesting.Action) (bool, runtime.Object, error) {
			return time.Since(start()) < 14*time.Minute, nil, errors.New("no response") // until its queue has ended
		})
		c.undefine(testName, metav1.DeletePropagationBackground)
		sleepUntil(13 * time.Minute)
		if r.queues.named(testName) != nil {
			t.Error("there is still a queue")
		}
		sleepUntil(16 * time.Minute)
		if after := c.defined(testName).UID; after == before {
			t.Error("it is the same")
		}
		c.wantTriggers() // they are gone, and runOnStartup starts none
		r.kill()
		standby.lead()
		defer standby.kill()
		sleepUntil(19 * time.Minute)
		c.wantTriggers()
		sleepUntil(21 * time.Minute)
		c.wantTriggers(execution.Cron)
	})
}

func TestThePersonsNodeCronJobHasTheName(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.collectGarbage()
		c.define(testName, func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression = "5 * * * *" })
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.CronExpression = "*/10 * * * *" }))
		defer r.kill()
		sleepUntil(11 * time.Minute)
		c.wantEnds(map[string]string{"00:05": "Closed"})
		if got := c.defined(testName); got.Spec.CronExpression != "5 * * * *" || got.Annotations[jobspec.SourceAnnotation] != "" {
			t.Errorf("it was changed: %+v", got)
		}
		if got := c.eventsOf(kube.EventNameTaken); len(got) != 1 {
			t.Errorf("events: got %+v", got)
		}
		if got := r.metric("batch_job_controller_config_last_reload_successful"); got != 0 {
			t.Errorf("the metric says %v", got)
		}
		c.undefine(testName, metav1.DeletePropagationBackground)
		sleepUntil(21 * time.Minute)
		c.wantEnds(map[string]string{"00:20": "Closed"}) // and no late one of runOnStartup
		if got := r.metric("batch_job_controller_config_last_reload_successful"); got != 1 {
			t.Errorf("after it was deleted, the metric says %v", got)
		}
	})
}
