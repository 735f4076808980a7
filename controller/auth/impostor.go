package auth

import (
	"sync"
	"time"
)

const (
	// noticePause is how long a denial of the same node is not reported again.
	noticePause = time.Minute
	maxNotices  = 1024
)

// deniedNotices remembers of which nodes it was reported lately that their pods
// spoke for others. The zero value is of use.
type deniedNotices struct {
	mu   sync.Mutex
	told map[string]time.Time // by node
}

// note reports whether it is time to report the node's denials again.
func (n *deniedNotices) note(node string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.told[node]) < noticePause {
		return false
	}
	if n.told == nil || len(n.told) >= maxNotices {
		n.told = map[string]time.Time{}
	}
	n.told[node] = now
	return true
}
