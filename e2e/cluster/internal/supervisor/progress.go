package supervisor

import (
	"context"
	"sync"
)

// Report is one line of a cluster's progress. The last one has Done set.
type Report struct {
	Text  string `json:"text,omitempty"`
	Done  bool   `json:"done,omitempty"`
	Error string `json:"error,omitempty"`
}

// progress keeps all reports, so that a late client misses none.
type progress struct {
	mu      sync.Mutex
	reports []Report
	changed chan struct{} // closed and replaced on every report
}

func newProgress() *progress { return &progress{changed: make(chan struct{})} }

func (p *progress) add(r Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reports = append(p.reports, r)
	close(p.changed)
	p.changed = make(chan struct{})
}

// next returns the i-th report as soon as it exists.
func (p *progress) next(ctx context.Context, i int) (Report, bool) {
	for {
		p.mu.Lock()
		if i < len(p.reports) {
			defer p.mu.Unlock()
			return p.reports[i], true
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return Report{}, false
		}
	}
}
