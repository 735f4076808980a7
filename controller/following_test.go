package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
)

const testConfigMap = "settings"

// judge plays the validation of the application. Its configuration is a line of words, each
// of which changes the configuration of the tests.
type judge struct {
	t      *testing.T
	away   atomic.Bool // the API server does not answer it
	asked  atomic.Int32
	during func() // is called while it judges; nil: nothing is
}

func (j *judge) decide(_ context.Context, running config.Config, data map[string]string) (config.Change, error) {
	j.asked.Add(1)
	if j.away.Load() {
		return config.Change{}, errors.New("the API server is away")
	}
	if j.during != nil {
		j.during()
	}
	wanted := testConfig(func(c *config.Config) { c.RunOnStartup = false })
	wanted.Hash = config.Hash(data)
	for word := range strings.FieldsSeq(data[config.ConfigKey]) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "every":
			wanted.CronExpression = "*/" + value + " * * * *"
		case "pool":
			n, err := strconv.Atoi(value)
			if err != nil {
				return config.Change{}, &definition.InvalidError{Err: fmt.Errorf("ConfigMap: %w", config.Problems{
					field.Invalid(field.NewPath("podPoolSize"), value, "must be a whole number from 1 to 1000"),
					field.Required(field.NewPath("name"), "must be set"),
				})}
			}
			wanted.PodPoolSize = n
		case "directory":
			wanted.ReportDirectory = value
		case "gauge":
			wanted.Metrics.Gauges = map[string]config.Gauge{value: {}}
		case "custom":
			wanted.Custom = map[string]any{"word": value}
		case "startup":
			wanted.RunOnStartup = true
		}
	}
	return config.Compare(running, asStored(j.t, wanted)), nil
}

func (c *cluster) configMap(text string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: testConfigMap, Namespace: testNamespace},
		Data:       map[string]string{config.ConfigKey: text},
	}
}

// configure writes the ConfigMap.
func (c *cluster) configure(text string) {
	c.t.Helper()
	client := c.client.CoreV1().ConfigMaps(testNamespace)
	if _, err := client.Get(c.ctx, testConfigMap, metav1.GetOptions{}); err != nil {
		_, err := client.Create(c.ctx, c.configMap(text), metav1.CreateOptions{})
		must(c.t, err)
		return
	}
	there, err := client.Get(c.ctx, testConfigMap, metav1.GetOptions{})
	must(c.t, err)
	there.Data = map[string]string{config.ConfigKey: text}
	_, err = client.Update(c.ctx, there, metav1.UpdateOptions{})
	must(c.t, err)
}

func (c *cluster) unconfigure() {
	c.t.Helper()
	must(c.t, c.client.CoreV1().ConfigMaps(testNamespace).Delete(c.ctx, testConfigMap, metav1.DeleteOptions{}))
}

// configEvents returns the events about the ConfigMap, each as its type, reason,
// count and message.
func (c *cluster) configEvents() []string {
	c.t.Helper()
	var events []string
	for _, e := range eventsIn(c.t, c.client) {
		if e.InvolvedObject.Name == testConfigMap {
			events = append(events, fmt.Sprintf("%s %s %d: %s", e.Type, e.Reason, e.Count, e.Message))
		}
	}
	slices.Sort(events)
	return events
}

// following lets a replica follow the ConfigMap that it was started with.
func following(j *judge) func(*Options) {
	return func(o *Options) {
		o.ConfigMap, o.Validate = testConfigMap, j.decide
		o.Config.Hash = config.Hash(map[string]string{config.ConfigKey: ""})
		o.Config.RunOnStartup = false
	}
}

// followingReplica starts a leader that follows the ConfigMap.
func followingReplica(t *testing.T, c *cluster, j *judge, mutate ...func(*Options)) *replica {
	t.Helper()
	c.configure("")
	r := startReplicaWith(t, c.client, newMemoryStore(), testConfig(), append([]func(*Options){following(j)}, mutate...)...)
	time.Sleep(5 * time.Second)
	return r
}

func (r *replica) wantReload(successful, needsRestart float64) {
	r.t.Helper()
	if got := r.metric("batch_job_controller_config_last_reload_successful"); got != successful {
		r.t.Errorf("last_reload_successful: got %v, want %v", got, successful)
	}
	if got := r.metric("batch_job_controller_config_needs_restart"); got != needsRestart {
		r.t.Errorf("needs_restart: got %v, want %v", got, needsRestart)
	}
}

func (c *cluster) wantConfigEvents(want ...string) {
	c.t.Helper()
	if got := c.configEvents(); !slices.Equal(got, want) {
		c.t.Errorf("events: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
