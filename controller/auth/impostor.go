package auth

import (
	"sync"
	"time"
)

const (
	// noticePause is the time between two reports of denials of the same node.
	noticePause = time.Minute
	maxNotices  = 1024
)

// deniedNotices records the nodes whose denials were reported lately. The zero value is
// usable.
type deniedNotices struct {
	mu   sync.Mutex
	told map[string]time.Time // by node
}

// note reports whether the node's denial should be reported now.
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
