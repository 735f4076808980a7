package intake

import (
	"fmt"
	"sync"
)

// claim is this replica's claim, under which it replaces stored results.
type claim struct {
	store    Store
	replica  Replica
	identity string
	metrics  Metrics
	lock     chan struct{} // full while a goroutine gets the claim

	mu    sync.Mutex // guards the fields below
	held  string     // empty: this replica has no claim
	count int        // of the claims that this process has stored
}

func newClaim(o Options) claim {
	return claim{store: o.Store, replica: o.Replica, identity: o.Identity, metrics: o.Metrics, lock: make(chan struct{}, 1)}
}

// get returns the claim under which this replica merges. Call it before the stored result
// is read. A leader that lost the Lease keeps its claim until there is another leader; only
// a replica that surely leads stores a new claim.
func (c *claim) get() (held string, err error) {
	c.lock <- struct{}{} // no mutex: the clock of synctest stops while a goroutine waits for one
	defer func() { <-c.lock }()
	c.mu.Lock()
	held = c.held
	c.mu.Unlock()
	if held != "" || !c.replica.SurelyLeads() {
		return held, nil
	}
	// Each claim is different: a result that was read before a claim was lost is stale
	// under the next one. The identity is unique to this process.
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

// lose forgets a claim that another replica has replaced. It reports whether this replica
// may claim again, because it leads and the other claim came late.
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

// ClaimEarly claims the results before the first one arrives, so that this replica can
// merge results even after it has lost the Lease.
func (r *Recorder) ClaimEarly() {
	if _, err := r.claim.get(); err != nil {
		r.Log.Warn("results not claimed: the next result retries", "error", err)
	}
}
