package resources

import (
	"context"
	"errors"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Record returns what the controller has recorded of an execution that has been opened. Its
// plan is in ConfigMaps, which not every user may read who may read executions.
func (c *Client) Record(ctx context.Context, e *v1alpha1.Execution) (record.Record, error) {
	store := record.NewStore(c.API.Executions(e.Namespace), c.Kube.CoreV1().ConfigMaps(e.Namespace), "")
	r, err := store.Load(ctx, e)
	var damaged *record.DamagedError
	var newer *record.NewerError
	if errors.As(err, &damaged) || errors.As(err, &newer) {
		return r, fmt.Errorf("the record cannot be read: %w", err)
	}
	return r, Explain(err, Request{Verb: "get", Resource: ConfigMaps, Namespace: e.Namespace})
}
