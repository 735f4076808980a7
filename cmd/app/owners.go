package app

import (
	"errors"
	"io/fs"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// reportOwners finds the definitions of executions, for the pages with reports.
type reportOwners struct {
	// about returns what an execution is, as report.Store.About does.
	about func(id execution.ID) (execution.About, error)
	// isGone reports whether a definition is gone.
	isGone func(name string) bool
	// byDefault is the definition of executions that do not say whose they are.
	byDefault string

	mu sync.Mutex
	// names keeps what was read: a page lists hundreds of executions, each with a file of up to
	// a mebibyte, and whose an execution is never changes.
	names map[execution.ID]string
}

// maxOwners bounds the memory.
const maxOwners = 10_000

// of returns the definition of an execution. It is not known of a file that is damaged, or
// not written yet.
func (o *reportOwners) of(id execution.ID) web.Definition {
	name := o.nameOf(id)
	if name == "" {
		return web.Definition{}
	}
	return web.Definition{Name: name, Gone: o.isGone(name)}
}

func (o *reportOwners) nameOf(id execution.ID) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if name, ok := o.names[id]; ok {
		return name
	}
	about, err := o.about(id)
	if errors.Is(err, fs.ErrNotExist) {
		return o.byDefault // or it has just begun
	}
	if err != nil {
		return ""
	}
	if o.names == nil || len(o.names) >= maxOwners {
		o.names = map[execution.ID]string{}
	}
	o.names[id] = about.NodeCronJob
	return about.NodeCronJob
}
