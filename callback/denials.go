package callback

import (
	"errors"
	"sync"
	"time"
)

const (
	// deniedPerSecond is how many requests per second and address with an invalid
	// credential get the reason in the response; further ones get 429.
	deniedPerSecond = 20
	// maxDenying bounds the addresses that are counted separately.
	maxDenying = 4096
)

var errTooManyDenied = errors.New("too many requests without a valid callback token")

// denials counts denied requests by second and address. Requests with a valid
// credential are not affected.
type denials struct {
	mu     sync.Mutex
	second int64
	counts map[string]int
}

// add counts a denied request, and reports whether its response may have the reason.
func (d *denials) add(address string) bool {
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
