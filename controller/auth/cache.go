package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	// maxCached bounds the memory: an entry is a few hundred bytes.
	maxCached = 10_000
	// maxLoading bounds the load that clients without a valid token can cause on the API
	// server, and their share of the replica's request rate.
	maxLoading = 8
)

// reviewCache caches responses of the API server. A request in progress is not sent
// again.
type reviewCache[V any] struct {
	clock   clock.PassiveClock
	secret  [sha256.Size]byte // so that no client can construct two requests with one key
	loading chan struct{}
	mu      sync.Mutex
	entries map[cacheKey]*cacheEntry[V]
}

// cacheKey identifies a request without its tokens, which must not stay in memory.
type cacheKey [sha256.Size]byte

type cacheEntry[V any] struct {
	done  chan struct{} // closed when the rest is set
	value V
	err   error
	until time.Time // when it expires
}

func newReviewCache[V any](clk clock.PassiveClock) *reviewCache[V] {
	c := &reviewCache[V]{clock: clk, loading: make(chan struct{}, maxLoading), entries: map[cacheKey]*cacheEntry[V]{}}
	_, _ = rand.Read(c.secret[:]) // never fails: crypto/rand ends the process instead
	return c
}

// Key returns the key of a request with these parts. It includes their lengths, so that
// different parts have different keys.
func (c *reviewCache[V]) Key(parts ...string) cacheKey {
	mac := hmac.New(sha256.New, c.secret[:])
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		_, _ = mac.Write(length[:]) // never fails
		_, _ = mac.Write([]byte(part))
	}
	return cacheKey(mac.Sum(nil))
}

// Get returns the cached response, or loads it. load also returns how long to cache the
// response or the error.
func (c *reviewCache[V]) Get(ctx context.Context, key cacheKey, load func(context.Context) (V, time.Duration, error)) (V, error) {
	found, isNew := c.find(key)
	if isNew {
		// Without this request's context: other requests may wait for it too.
		go c.fill(context.WithoutCancel(ctx), key, found, load)
	}
	select {
	case <-found.done:
		return found.value, found.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

func (c *reviewCache[V]) find(key cacheKey) (found *cacheEntry[V], isNew bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.entries[key]; ok && (found.pending() || c.clock.Now().Before(found.until)) {
		return found, false
	}
	c.makeRoom()
	found = &cacheEntry[V]{done: make(chan struct{})}
	c.entries[key] = found
	return found, true
}

func (c *reviewCache[V]) fill(ctx context.Context, key cacheKey, into *cacheEntry[V], load func(context.Context) (V, time.Duration, error)) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	var keep time.Duration
	select {
	case c.loading <- struct{}{}:
		into.value, keep, into.err = load(ctx)
		<-c.loading
	case <-ctx.Done():
		into.err = fmt.Errorf("%w: %w", execution.ErrNoAnswer, ctx.Err())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	into.until = c.clock.Now().Add(keep)
	if keep <= 0 && c.entries[key] == into {
		delete(c.entries, key)
	}
	close(into.done)
}

// makeRoom drops expired entries, and others if that is not enough. A request that
// waits for an entry still has it.
func (c *reviewCache[V]) makeRoom() {
	if len(c.entries) < maxCached {
		return
	}
	now := c.clock.Now()
	for key, old := range c.entries {
		if !old.pending() && !now.Before(old.until) {
			delete(c.entries, key)
		}
	}
	for key := range c.entries {
		if len(c.entries) < maxCached {
			return
		}
		delete(c.entries, key)
	}
}

func (e *cacheEntry[V]) pending() bool {
	select {
	case <-e.done:
		return false
	default:
		return true
	}
}
