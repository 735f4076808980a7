package callback

import (
	"errors"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// limitOf returns the limit that a request was over, or "".
func limitOf(err error) execution.Limit {
	var limit *execution.LimitError
	var invalid *execution.InvalidError
	var slow *slowError
	switch {
	case errors.As(err, &slow):
		return slow.limit
	case errors.As(err, &limit):
		return limit.Limit
	case errors.As(err, &invalid):
		return invalid.Limit
	default:
		return ""
	}
}

// observeLimit counts a request that was over a limit, and reports whether the
// node task was over it before. The leader does so for what is passed on to it.
func (h *handler) observeLimit(c *call, err error) (limit execution.Limit, again bool) {
	limit = limitOf(err)
	if limit == "" || c.forwarded {
		return "", false
	}
	if h.options.ObserveLimit != nil {
		h.options.ObserveLimit(string(c.kind.name), limit)
	}
	return limit, !h.limited.add(first{key: c.key, kind: c.kind.name, limit: limit})
}

// first is what is worth a warning once: a pod that is over a limit is likely
// to go on being so.
type first struct {
	key   execution.Key
	kind  route.Kind
	limit execution.Limit
}

// maxFirsts bounds what is remembered: whoever is not authenticated may name
// nodes that there are not.
const maxFirsts = 4096

// firsts remembers what has been warned about.
type firsts struct {
	mu   sync.Mutex
	seen map[first]bool
}

func newFirsts() *firsts { return &firsts{seen: map[first]bool{}} }

// add reports whether this is the first time. When too much is remembered,
// all of it is forgotten.
func (f *firsts) add(one first) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[one] {
		return false
	}
	if len(f.seen) == maxFirsts {
		clear(f.seen)
	}
	f.seen[one] = true
	return true
}
