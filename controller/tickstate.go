package controller

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

func (c *Controller) stateReference() corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: c.Namespace, Name: record.StateName(c.config().Name)}
}

func (c *Controller) readState(ctx context.Context) (record.State, error) {
	there, problems, err := c.states.Read(ctx)
	for _, problem := range problems {
		// Forgotten ticks are not worth a controller that does not start.
		c.Log.Warn("state not readable, and forgotten", "object", c.stateReference().Name, "problem", problem)
	}
	return there, err
}

// swapState changes the state, unless there is no change to make, or another
// replica or a person wrote it since it was read: then it is read again, and the
// error says so. Only the goroutine that runs the ticks does this.
func (c *Controller) swapState(ctx context.Context, fence lease.Fence, change func(*record.State) bool) error {
	next := c.state
	if !change(&next) {
		return nil
	}
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	written, err := c.states.Swap(write, next)
	switch {
	case err == nil:
		c.state = written
		return nil
	case errors.Is(err, record.ErrConflict):
		there, readErr := c.readState(write)
		if readErr != nil {
			return readErr
		}
		c.state = there
		return fmt.Errorf("%w: it was read again", err)
	case mayBeDone(err):
		c.unanswered = c.Clock.Now()
	}
	return err
}
