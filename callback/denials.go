package callback

import (
	"errors"
	"sync"
	"time"
)

const (
	// deniedPerSecond is how many requests of one address without a good
	// credential are told so in a second; the rest learn less.
	deniedPerSecond = 20
	// maxDenying bounds how many addresses are counted apart.
	maxDenying = 4096
)

var errTooManyDenied = errors.New("too many requests without a good callback token")

// denials counts the requests that were denied, by the second and by the
// address they came from. Requests with a good credential are never held up.
type denials struct {
	mu     sync.Mutex
	second int64
	counts map[string]int
}

// note counts one, and reports whether the address may still be told why.
func (d *denials) note(address string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := time.Now().Unix(); d.counts == nil || d.second != now {
		d.second, d.counts = now, map[string]int{}
	}
	if _, known := d.counts[address]; !known && len(d.counts) >= maxDenying {
		address = "" // all others together
	}
	d.counts[address]++
	return d.counts[address] <= deniedPerSecond
}
