package controller

import (
	"math/rand/v2"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// healing is how long a cache may be wrong.
const healing = 5 * time.Minute

func TestExecutionEndsWhateverItsWatchesShow(t *testing.T) {
	expired := apierrors.NewResourceExpired("too old").Status()
	everything := func(watch.Event) bool { return true }
	changes := func(e watch.Event) bool { return e.Type == watch.Modified }
	oneInTen := func(watch.Event) bool { return rand.N(10) == 0 }
	jobs, pods, nodes := "jobs", "pods", "nodes"
	const soon = time.Minute
	tests := map[string]struct {
		lens       lens
		of         []string
		wantWithin time.Duration
	}{
		"F-16 watches are closed every two seconds":               {lens{lasts: 2 * time.Second}, []string{jobs, pods, nodes}, soon},
		"F-16 watches end with 410 every two seconds":             {lens{lasts: 2 * time.Second, ends: &expired}, []string{jobs, pods, nodes}, 3 * time.Minute},
		"F-17 one event in ten is not shown":                      {lens{hide: oneInTen}, []string{jobs, pods}, 2 * healing},
		"F-17 nothing that happens to pods is shown":              {lens{hide: everything}, []string{pods}, soon}, // Jobs tell
		"F-17 no change of Jobs and pods is shown":                {lens{hide: changes}, []string{jobs, pods}, 2 * healing},
		"F-17 nothing is shown":                                   {lens{hide: everything}, []string{jobs, pods}, 2 * healing},
		"F-17 nothing is shown, by watches that do not last":      {lens{hide: everything, lasts: 40 * time.Second}, []string{jobs, pods}, 2 * healing},
		"F-18 everything is shown half a minute late":             {lens{late: 30 * time.Second}, []string{jobs, pods, nodes}, 3 * time.Minute},
		"F-19 everything is shown twice":                          {lens{twice: true}, []string{jobs, pods, nodes}, soon},
		"F-19 what happens in a second comes twice, in any order": {lens{twice: true, shuffle: true}, []string{jobs, pods, nodes}, 2 * healing},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d") // two rounds of the pool
				for _, node := range []string{"a", "b", "c", "d"} {
					c.behave(node, behaviour{runFor: 5 * time.Second})
				}
				for _, resource := range tt.of {
					c.through(resource, tt.lens)
				}
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.StartDeadline = time.Hour }))
				defer r.kill()
				time.Sleep(tt.wantWithin)
				c.wantAllSucceeded(2)
			})
		})
	}
}

// A leader that starts from a list out of an API server's stale cache has neither the Jobs
// nor their ends.
func TestLeaderWithAStaleListRunsNothingTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b", "c", "d", "e"}
		c := newCluster(t, nodes...)
		for _, node := range nodes {
			c.behave(node, behaviour{runFor: 12 * time.Second})
		}
		store, cfg := newMemoryStore(), testConfig()
		r := startReplica(t, c, store, cfg)
		time.Sleep(20 * time.Second) // two have ended, two run
		r.kill()
		stale := time.Now().Add(30 * time.Second)
		for _, resource := range []string{"jobs", "pods"} {
			c.through(resource, lens{late: 30 * time.Second})
			c.react("list", resource, func(clienttesting.Action) (bool, runtimeObject, error) {
				if time.Now().After(stale) {
					return false, nil, nil
				}
				if resource == "jobs" {
					return true, &batchv1.JobList{}, nil
				}
				return true, &corev1.PodList{}, nil
			})
		}
		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(5 * time.Minute)
		c.wantAllSucceeded(2)
	})
}

func TestNodeWhoseEndTheWatchDoesNotShowIsNoticed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{hangs: true})
		c.through("nodes", lens{hide: func(e watch.Event) bool { return e.Type == watch.Deleted }})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		must(t, c.client.CoreV1().Nodes().Delete(t.Context(), "a", metav1.DeleteOptions{}))
		time.Sleep(healing)
		if got, want := outcomes(c.records()[0])["a"], lostBy("NodeGone"); got != want {
			t.Errorf("outcome: got %v, want %v", got, want)
		}
	})
}
