package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// ErrLost says that another replica may lead now.
var ErrLost = errors.New("lost the Lease")

// A Fence lets the leader write to the cluster. It returns the context for one
// write, which a stop leaves time to end but which ends with the Lease, or an
// error if there is to be no further write. To hold the Lease is not enough: a
// process that was stopped for a while goes on as if it held it.
type Fence func(ctx context.Context) (write context.Context, done context.CancelFunc, err error)

// fence refuses when the last renewal is older than the deadline by the
// monotonic clock, which also runs while a process is stopped.
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
