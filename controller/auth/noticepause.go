package auth

import (
	"sync"
	"time"
)

const (
	// noticePause is the time between two reports of denials of the same node.
	noticePause = time.Minute
	maxPauses   = 1024
)

// noticePauses are the nodes whose denials were reported within the last noticePause. The
// zero value is usable.
type noticePauses struct {
	mu       sync.Mutex
	reported map[string]time.Time // by node
}

// allow reports whether a denial of the node may be reported now, and if so starts the
// node's pause.
func (p *noticePauses) allow(node string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.reported[node]) < noticePause {
		return false
	}
	if p.reported == nil || len(p.reported) >= maxPauses {
		p.reported = map[string]time.Time{}
	}
	p.reported[node] = now
	return true
}
