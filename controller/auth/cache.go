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
	// maxAnswers bounds the memory: an entry is a few hundred bytes.
	maxAnswers = 10_000
	// maxAsking bounds what clients without a valid token can have the API server
	// do, and how much of the replica's request rate they can take from the work.
	maxAsking = 8
)

// answers keeps what the API server answered, each answer for a while. A
// request that is under way is not sent again.
type answers[V any] struct {
	clock  clock.PassiveClock
	secret [sha256.Size]byte // so that no client can make up two requests with one key
	asking chan struct{}
	mu     sync.Mutex
	known  map[question]*answer[V]
}

// question stands for a request, which holds tokens: memory is not to keep them.
type question [sha256.Size]byte

type answer[V any] struct {
	done  chan struct{} // closed when the rest is set
	value V
	err   error
	until time.Time // when it is loaded anew
}

func newAnswers[V any](clk clock.PassiveClock) *answers[V] {
	a := &answers[V]{clock: clk, asking: make(chan struct{}, maxAsking), known: map[question]*answer[V]{}}
	_, _ = rand.Read(a.secret[:]) // never fails: crypto/rand ends the process instead
	return a
}

// question returns what stands for a request with these parts. Their lengths keep text from
// moving between them unnoticed.
func (a *answers[V]) question(parts ...string) question {
	mac := hmac.New(sha256.New, a.secret[:])
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		_, _ = mac.Write(length[:]) // a hash takes everything
		_, _ = mac.Write([]byte(part))
	}
	return question(mac.Sum(nil))
}

// ask returns the known answer, or loads it. The ask function says how long the
// answer, or the error, is good for.
func (a *answers[V]) ask(ctx context.Context, q question, ask func(context.Context) (V, time.Duration, error)) (V, error) {
	found, isNew := a.find(q)
	if isNew {
		// Other requests may wait for it too: it does not end with this one's context.
		go a.fill(context.WithoutCancel(ctx), q, found, ask)
	}
	select {
	case <-found.done:
		return found.value, found.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

func (a *answers[V]) find(q question) (found *answer[V], isNew bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if found, ok := a.known[q]; ok && (found.pending() || a.clock.Now().Before(found.until)) {
		return found, false
	}
	a.makeRoom()
	found = &answer[V]{done: make(chan struct{})}
	a.known[q] = found
	return found, true
}

func (a *answers[V]) fill(ctx context.Context, q question, into *answer[V], ask func(context.Context) (V, time.Duration, error)) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	var keep time.Duration
	select {
	case a.asking <- struct{}{}:
		into.value, keep, into.err = ask(ctx)
		<-a.asking
	case <-ctx.Done():
		into.err = fmt.Errorf("%w: %w", execution.ErrNoAnswer, ctx.Err())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	into.until = a.clock.Now().Add(keep)
	if keep <= 0 && a.known[q] == into {
		delete(a.known, q)
	}
	close(into.done)
}

// makeRoom drops what is no longer good, and if that is not enough, any entries.
// A request that waits for an entry holds it by itself.
func (a *answers[V]) makeRoom() {
	if len(a.known) < maxAnswers {
		return
	}
	now := a.clock.Now()
	for q, old := range a.known {
		if !old.pending() && !now.Before(old.until) {
			delete(a.known, q)
		}
	}
	for q := range a.known {
		if len(a.known) < maxAnswers {
			return
		}
		delete(a.known, q)
	}
}

func (a *answer[V]) pending() bool {
	select {
	case <-a.done:
		return false
	default:
		return true
	}
}
