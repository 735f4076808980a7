package metrics

import (
	"sync"
)

const (
	// maxReasons bounds the reasons that are labels besides the controller's
	// own: other reasons come from pods.
	maxReasons      = 50
	maxReasonLength = 64
	otherReason     = "Other"
)

// reasons are the reasons that may be labels.
type reasons struct {
	mu   sync.Mutex
	seen map[string]bool
	left int
}

func newReasons() *reasons {
	r := &reasons{seen: map[string]bool{"": true}, left: maxReasons}
	for _, outcome := range knownOutcomes() {
		r.seen[string(outcome.Reason)] = true
	}
	return r
}

// label returns the reason, or otherReason when it is not a word or there have
// been too many different ones.
func (r *reasons) label(reason string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.seen[reason]:
		return reason
	case r.left == 0 || !isWord(reason):
		return otherReason
	}
	r.left--
	r.seen[reason] = true
	return reason
}

func isWord(s string) bool {
	if len(s) > maxReasonLength {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
