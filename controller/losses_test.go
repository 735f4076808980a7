package controller

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// emptied deletes everything in the store, as if its volume were replaced.
func (s *memoryStore) emptied() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = nil
	clear(s.results)
	clear(s.reports)
	clear(s.abouts)
}

// The next leader announces results that were lost after their execution closed. It does not
// write the record again, which says that they were sent.
func TestResultsThatAreLostAfterTheirExecutionClosed(t *testing.T) {
	remove := func(nodes ...string) func(*memoryStore, execution.ID) {
		return func(s *memoryStore, id execution.ID) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, node := range nodes {
				delete(s.results, execution.Key{Execution: id, Node: node})
			}
		}
	}
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("n%02d", i))
	}
	const gone = "are gone from the report directory, and count as not sent in the report and the metrics: "
	tests := map[string]struct {
		nodes    []string // a and b unless it says otherwise, and c, which fails
		config   []func(*config.Config)
		lose     func(*memoryStore, execution.ID)
		restarts int // 1 unless it says otherwise

		want           []string // what the event says
		wantCount      int      // how often it was said
		wantUnreported float64
	}{
		"none is lost": {lose: func(*memoryStore, execution.ID) {}},
		"the result of a node is gone": {
			lose: remove("a"), want: []string{"the results of 1 nodes " + gone + "a."}, wantCount: 1, wantUnreported: 1,
		},
		"the leader after that says so too": {
			lose: remove("a"), restarts: 2, want: []string{"the results of 1 nodes " + gone + "a."}, wantCount: 2, wantUnreported: 1,
		},
		"of many nodes the first are named": {
			nodes: many, lose: remove(many...), wantCount: 1, wantUnreported: 12,
			want: []string{"the results of 12 nodes " + gone, "n00, n01, ", ", n09 and 2 more."},
		},
		"a result is damaged": {
			lose: func(s *memoryStore, id execution.ID) {
				must(t, s.ReplaceResult(execution.Key{Execution: id, Node: "b"}, []byte(`{"test`), s.claimed))
			},
			want: []string{"the results of 1 nodes cannot be read, and are not exported: b."}, wantCount: 1,
		},
		"the report directory is empty": {
			lose: func(s *memoryStore, _ execution.ID) { s.emptied() }, wantCount: 1,
			want: []string{"the results of 2 nodes are gone from the report directory, and so is the report: a, b."},
		},
		"the directory is empty again at the leader after that": {
			lose: func(s *memoryStore, _ execution.ID) { s.emptied() }, restarts: 2, wantCount: 2,
			want: []string{"the results of 2 nodes are gone from the report directory, and so is the report: a, b."},
		},
		"the result of a node is gone where it is optional": {
			config: []func(*config.Config){func(c *config.Config) { c.Result = config.ResultOptional }},
			lose:   remove("a"), want: []string{"the results of 1 nodes " + gone + "a."}, wantCount: 1,
		},
		"the disk cannot be read": {
			lose: func(s *memoryStore, id execution.ID) { remove("a")(s, id); s.fail(errors.New("input/output error")) },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				nodes := tt.nodes
				if nodes == nil {
					nodes = []string{"a", "b"}
				}
				c := newCluster(t, append([]string{"c"}, nodes...)...)
				for _, node := range nodes {
					c.behave(node, behaviour{runFor: 30 * time.Second})
				}
				c.behave("c", behaviour{exitCode: 1})
				store := newMemoryStore()
				cfg := testConfig(append(tt.config, func(c *config.Config) { c.PodPoolSize = 20 })...)
				r := startReplica(t, c, store, cfg)
				time.Sleep(10 * time.Second)
				id := c.records()[0].Plan.ID
				for _, node := range nodes {
					must(t, r.Result(t.Context(), execution.Key{Execution: id, Node: node}, []byte(validResult)))
				}
				time.Sleep(2 * time.Minute)
				r.kill()
				before := c.records()[0]
				tt.lose(store, id)
				cfg.RunOnStartup = false
				for range max(tt.restarts, 1) {
					r = startReplica(t, c, store, cfg)
					time.Sleep(time.Minute)
					r.kill()
				}
				said := 0
				for _, e := range c.eventsOf(kube.EventResultsLost) {
					said += int(max(e.Count, 1))
					if e.Type != "Warning" || e.InvolvedObject.Name != before.Object.Name || e.InvolvedObject.Kind != "Execution" {
						t.Errorf("event %s about %s %s", e.Type, e.InvolvedObject.Kind, e.InvolvedObject.Name)
					}
					for _, want := range append(tt.want, "execution "+string(id)+": ", "The record stays as it was") {
						if !strings.Contains(e.Message, want) {
							t.Errorf("event %q, want %q in it", e.Message, want)
						}
					}
				}
				if said != tt.wantCount {
					t.Errorf("it was said %d times, want %d", said, tt.wantCount)
				}
				if got := r.metric("batch_job_controller_last_execution_nodes", "outcome=unreported"); got != tt.wantUnreported {
					t.Errorf("unreported in the metrics: %v, want %v", got, tt.wantUnreported)
				}
				if diff := cmp.Diff(before.Object.Status, c.records()[0].Object.Status); diff != "" {
					t.Errorf("the record was written after it was closed:\n%s", diff)
				}
			})
		})
	}
}
