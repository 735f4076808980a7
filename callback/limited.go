package callback

import (
	"errors"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// limitOf returns the limit that a request exceeded, or "".
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

// observeLimit counts a request that exceeded a limit, and reports whether the node
// task exceeded it before. The leader counts forwarded requests.
func (h *handler) observeLimit(c *call, err error) (limit execution.Limit, again bool) {
	limit = limitOf(err)
	if limit == "" || c.forwarded {
		return "", false
	}
	if h.options.ObserveLimit != nil {
		h.options.ObserveLimit(string(c.endpoint.name), limit)
	}
	return limit, !h.warned.add(warnKey{key: c.key, kind: c.endpoint.name, limit: limit})
}

// warnKey identifies what is logged as a warning once: a pod that exceeds a limit is
// likely to exceed it again.
type warnKey struct {
	key   execution.Key
	kind  route.Kind
	limit execution.Limit
}

// maxWarned bounds the stored keys: an unauthenticated client may use names of nodes
// that do not exist.
const maxWarned = 4096

// warnOnce stores the keys of logged warnings.
type warnOnce struct {
	mu   sync.Mutex
	seen map[warnKey]bool
}

func newWarnOnce() *warnOnce { return &warnOnce{seen: map[warnKey]bool{}} }

// add reports whether the key is new. When there are too many keys, it drops all.
func (f *warnOnce) add(one warnKey) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[one] {
		return false
	}
	if len(f.seen) == maxWarned {
		clear(f.seen)
	}
	f.seen[one] = true
	return true
}
