package callback

import (
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// warnKey identifies what is logged as a warning once: a pod that exceeds a limit is
// likely to exceed it again.
type warnKey struct {
	key   execution.Key
	kind  route.Kind
	limit execution.Limit
}

// maxWarned bounds the stored keys: without authentication, a client can invent names
// of nodes.
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
