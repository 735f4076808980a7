package controller

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	// maxAnswers bounds the memory: one is a few hundred bytes.
	maxAnswers = 10_000
	// maxAsking bounds what strangers can have the API server do, and how much
	// of the client's rate they can take from the work.
	maxAsking = 8
)

// answers keeps what the API server answered to questions, each for a while. A
// question that is being asked is not asked again.
type answers[V any] struct {
	secret [sha256.Size]byte // so that nobody can make two questions look alike
	asking chan struct{}
	mu     sync.Mutex
	known  map[question]*answer[V]
}

// question stands for what is asked. What is asked holds tokens, which memory
// is not to keep.
type question [sha256.Size]byte

type answer[V any] struct {
	done  chan struct{} // closed when the rest is set
	value V
	err   error
	until time.Time // when it is to be asked again
}

func newAnswers[V any]() *answers[V] {
	a := &answers[V]{asking: make(chan struct{}, maxAsking), known: map[question]*answer[V]{}}
	_, _ = rand.Read(a.secret[:]) // never fails: crypto/rand ends the process instead
	return a
}

// question returns what stands for the parts. Their lengths keep text from
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

// ask returns the answer that is known, or asks for it. Who asks says how long
// the answer, or the error, is good for.
func (a *answers[V]) ask(ctx context.Context, q question, ask func(context.Context) (V, time.Duration, error)) (V, error) {
	found, isNew := a.find(q)
	if isNew {
		// Others may wait for it too: it does not end with this one's context.
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
	if found, ok := a.known[q]; ok && (found.pending() || time.Now().Before(found.until)) {
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
	into.until = time.Now().Add(keep)
	if keep <= 0 && a.known[q] == into {
		delete(a.known, q)
	}
	close(into.done)
}

// makeRoom drops what is no longer good, and if that is not enough whatever
// comes first. Those who wait for an answer have it by themselves.
func (a *answers[V]) makeRoom() {
	if len(a.known) < maxAnswers {
		return
	}
	now := time.Now()
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
