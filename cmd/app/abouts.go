package app

import (
	"errors"
	"io/fs"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// reportAbouts finds what executions are, for the pages with reports.
type reportAbouts struct {
	// about returns what an execution is, as report.Store.About does.
	about func(id execution.ID) (execution.About, error)
	// isGone reports whether a definition is gone.
	isGone func(name string) bool
	// byDefault is the definition of executions that do not say whose they are.
	byDefault string

	mu sync.Mutex
	// known keeps what was read: a page lists hundreds of executions, each with a file of up to
	// a mebibyte, and what an execution is never changes.
	known map[execution.ID]web.About
}

// The bounds of the memory.
const (
	maxAbouts = 10_000
	// maxText is that of the longest reason that the API server takes. A file that is damaged
	// may have more.
	maxText = 4 << 10
)

// of returns what an execution is. It is not known of a file that is damaged, or not written
// yet.
func (a *reportAbouts) of(id execution.ID) web.About {
	about := a.read(id)
	about.Gone = about.NodeCronJob != "" && a.isGone(about.NodeCronJob)
	return about
}

func (a *reportAbouts) read(id execution.ID) web.About {
	a.mu.Lock()
	defer a.mu.Unlock()
	if about, ok := a.known[id]; ok {
		return about
	}
	stored, err := a.about(id)
	if errors.Is(err, fs.ErrNotExist) {
		return web.About{NodeCronJob: a.byDefault} // or it has just begun
	}
	if err != nil {
		return web.About{}
	}
	about := web.About{
		NodeCronJob: stored.NodeCronJob,
		Reason:      execution.Truncate(stored.Reason, maxText), RequestedBy: execution.Truncate(stored.RequestedBy, maxText),
	}
	if a.known == nil || len(a.known) >= maxAbouts {
		a.known = map[execution.ID]web.About{}
	}
	a.known[id] = about
	return about
}
