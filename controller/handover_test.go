package controller

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// heldReads is the store of one replica, whose reads of results are outdated when they
// return.
type heldReads struct {
	*memoryStore
	hold time.Duration
}

// Result returns what was stored a while ago.
func (s *heldReads) Result(key execution.Key) ([]byte, error) {
	body, err := s.memoryStore.Result(key)
	time.Sleep(s.hold)
	return body, err
}

// While one leader follows another, two replicas accept results of one node. No lock of a
// process orders them, and every acknowledged result must be stored.
func TestResultsThatTwoReplicasTakeLoseNone(t *testing.T) {
	const (
		sooner = time.Second
		later  = 3 * time.Second
	)
	for name, tt := range map[string]struct {
		before               string // the series that is stored already
		former, leader       time.Duration
		toFormer, toLeader   string
		wantFormer           error
		wantStored, wantLost []string
	}{
		"two first ones, the former leader's sooner": {
			former: sooner, leader: later, toFormer: "x", toLeader: "y", wantStored: []string{"x", "y"},
		},
		"two first ones, the former leader's later": {
			former: later, leader: sooner, toFormer: "x", toLeader: "y", wantFormer: execution.ErrNotLeader, wantStored: []string{"y"}, wantLost: []string{"x"},
		},
		"two more, the former leader's sooner": {
			before: "b", former: sooner, leader: later, toFormer: "x", toLeader: "y", wantFormer: execution.ErrNotLeader, wantStored: []string{"b", "y"}, wantLost: []string{"x"},
		},
		"two more, the former leader's later": {
			before: "b", former: later, leader: sooner, toFormer: "x", toLeader: "y", wantFormer: execution.ErrNotLeader, wantStored: []string{"b", "y"}, wantLost: []string{"x"},
		},
		"a repeated one at the former leader, sooner": {
			before: "b", former: sooner, leader: later, toFormer: "b", toLeader: "y", wantStored: []string{"b", "y"},
		},
		"a repeated one at the former leader, later": {
			before: "b", former: later, leader: sooner, toFormer: "b", toLeader: "y", wantStored: []string{"b", "y"},
		},
		"the same first one, at both": {
			former: later, leader: sooner, toFormer: "x", toLeader: "x", wantStored: []string{"x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{runFor: time.Hour})
				store := newMemoryStore()
				ofFormer, ofLeader := &heldReads{memoryStore: store}, &heldReads{memoryStore: store}
				former := startReplicaWith(t, c.client, ofFormer, testConfig(), called("former_1@10.0.0.1"))
				time.Sleep(5 * time.Second)
				key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
				if tt.before != "" {
					must(t, former.Result(t.Context(), key, []byte(ofLabel(tt.before, 1))))
				}
				former.kill() // it still accepts callbacks: it has not learned of another leader
				leader := startReplicaWith(t, c.client, ofLeader, testConfig(), called("leader_2@10.0.0.2"))
				defer leader.kill()
				time.Sleep(5 * time.Second)

				ofFormer.hold, ofLeader.hold = tt.former, tt.leader
				var both sync.WaitGroup
				both.Go(func() {
					if err := former.Result(t.Context(), key, []byte(ofLabel(tt.toFormer, 1))); !errors.Is(err, tt.wantFormer) {
						t.Errorf("the former leader: got %v, want %v", err, tt.wantFormer)
					}
				})
				both.Go(func() { must(t, leader.Result(t.Context(), key, []byte(ofLabel(tt.toLeader, 1)))) })
				both.Wait()
				stored := string(store.results[key])
				has := func(label string) bool { return strings.Contains(stored, `"label":"`+label+`"`) }
				for _, label := range tt.wantStored {
					if !has(label) {
						t.Errorf("%s was acknowledged and is lost: stored is %s", label, stored)
					}
				}
				for _, label := range tt.wantLost {
					if has(label) {
						t.Errorf("%s was refused and is stored: %s", label, stored)
					}
				}
			})
		})
	}
}

func called(identity string) func(*Options) { return func(o *Options) { o.Identity = identity } }

// A leader that lost the Lease, while no other replica leads, merges results: there is no
// conflict, and the API server may be unavailable for long.
func TestALeaderWithoutASuccessorGoesOnMerging(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Hour})
		store := newMemoryStore()
		former := startReplicaWith(t, c.client, store, testConfig(), called("former_1@10.0.0.1"))
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		report := func(r *replica, label string, want error) {
			t.Helper()
			if err := r.Result(t.Context(), key, []byte(ofLabel(label, 1))); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", label, err, want)
			}
		}
		report(former, "while it leads", nil)
		former.kill()
		report(former, "while none leads", nil)
		leader := startReplicaWith(t, c.client, store, testConfig(), called("leader_2@10.0.0.2"))
		defer leader.kill()
		time.Sleep(5 * time.Second)
		report(former, "although another one leads", execution.ErrNotLeader)
		report(leader, "of the new leader", nil)

		must(t, store.ClaimResults("former_1@10.0.0.1")) // its disk had hung
		report(leader, "after a claim that came late", nil)
		if got := leader.metric("foo_test", "executionID="+string(key.Execution)); got != 4 {
			t.Errorf("%v series are exported, want 4", got)
		}
		if got := leader.metric("batch_job_controller_report_store_errors_total"); got != 0 {
			t.Errorf("%v errors of the store are counted", got)
		}
	})
}
