package intake

import (
	"fmt"
	"sync"
)

// claim is under which this replica replaces results.
type claim struct {
	store    Store
	replica  Replica
	identity string
	metrics  Metrics
	busy     chan struct{} // full while the results are claimed

	mu    sync.Mutex // guards what follows
	held  string     // empty: this replica has none
	count int        // how many this process has made
}

func newClaim(o Options) claim {
	return claim{store: o.Store, replica: o.Replica, identity: o.Identity, metrics: o.Metrics, busy: make(chan struct{}, 1)}
}

// make returns the claim under which this replica merges, before it reads what it
// merges into. A leader without a Lease goes on merging under the one it has until
// there is another leader; only one that surely leads makes a new one.
func (c *claim) make() (held string, err error) {
	c.busy <- struct{}{} // in the tests' virtual time only a channel can be waited for
	defer func() { <-c.busy }()
	c.mu.Lock()
	held = c.held
	c.mu.Unlock()
	if held != "" || !c.replica.SurelyLeads() {
		return held, nil
	}
	// Each is another one: what was read before a claim was lost is old under the
	// next. The identity is that of this process alone.
	c.count++
	held = fmt.Sprintf("%s %d", c.identity, c.count)
	if err := c.store.ClaimResults(held); err != nil {
		c.metrics.StoreError("result")
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = held
	return held, nil
}

// lose forgets a claim that another replica's has taken the place of, and reports
// whether this one may claim again: the other one's then came late.
func (c *claim) lose(lost string) bool {
	c.mu.Lock()
	if c.held == lost {
		c.held = ""
	}
	c.mu.Unlock()
	return c.replica.SurelyLeads()
}

// drop forgets the claim of an earlier term.
func (c *claim) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = ""
}

// BeginTerm forgets the claim of an earlier term: another replica may have led since.
func (r *Recorder) BeginTerm() { r.claim.drop() }

// ClaimEarly claims the results before the first one comes: those that come when the
// Lease is lost are then merged all the same.
func (r *Recorder) ClaimEarly() {
	if _, err := r.claim.make(); err != nil {
		r.Log.Warn("results not claimed: the next one that comes tries again", "error", err)
	}
}
