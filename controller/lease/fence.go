package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// ErrLost says that another replica may be the leader now.
var ErrLost = errors.New("lost the Lease")

// A Fence allows the leader to write to the cluster. It returns the context of a write,
// which outlives a shutdown but ends with the Lease, or an error if the leader must not
// write any more. It is needed because a process that was suspended for a while resumes
// as if it still held the Lease.
//
// Every object that only the leader writes needs it: the state, records, Jobs, token
// Secrets, and the callback key that the leader restores. These writes do not need it,
// because they do no harm if they are late:
//
//   - the Lease itself: a write by a holder that another replica has replaced is a
//     conflict;
//   - what every replica writes: the authorities and the CA bundle (servingcert), and
//     the callback key at its start (auth.OpenKeyring). It is created once or swapped,
//     and the slower replica uses what the faster one wrote;
//   - events (kube.Events): a late one is still true, and a repetition only increases
//     its count;
//   - reviews (auth) and the dry run of a Job (cmd/app), which store nothing.
//
// Extensions write without it: the end of their context with the Lease is all that is
// promised. The report directory is not in the cluster: a claim guards the results in it
// (report.Store.ClaimResults).
type Fence func(ctx context.Context) (write context.Context, done context.CancelFunc, err error)

// fence fails if the last renewal is older than the deadline by the monotonic clock,
// which also runs while a process is suspended.
func (t *term) fence(leading context.Context) Fence {
	return func(ctx context.Context) (context.Context, context.CancelFunc, error) {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if age := time.Since(*t.renewed.Load()); age > t.options.RenewDeadline {
			return nil, nil, fmt.Errorf("%w: it was last renewed %s ago", ErrLost, age.Round(time.Millisecond))
		}
		write, done := context.WithTimeout(leading, kube.RequestTimeout)
		return write, done, nil
	}
}
