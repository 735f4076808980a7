package limits

import (
	"sync"
	"time"
)

const (
	// deniedPerSecond is how many requests per second and address with an invalid
	// credential get the reason in the response.
	deniedPerSecond = 20
	// maxDenying bounds the addresses that are counted separately.
	maxDenying = 4096
)

// Denials counts denied requests by second and address. Beyond the limit of an address,
// denied requests get 429 instead of the reason. Requests with a valid credential are
// not affected.
type Denials struct {
	now    func() time.Time
	mu     sync.Mutex
	second int64
	counts map[string]int
}

// NewDenials returns the count of denied requests, of which there are none yet.
func NewDenials(now func() time.Time) *Denials { return &Denials{now: now} }

// Add counts a denied request, and reports whether its response may have the reason.
func (d *Denials) Add(address string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.now().Unix(); d.counts == nil || d.second != now {
		d.second, d.counts = now, map[string]int{}
	}
	if _, known := d.counts[address]; !known && len(d.counts) >= maxDenying {
		address = "" // all others together
	}
	d.counts[address]++
	return d.counts[address] <= deniedPerSecond
}
