package run

import (
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Ending is how the run of an execution ended. The zero value means that the context
// ended and the execution is still open.
type Ending struct {
	// Closed is the report of the execution, if it has closed.
	Closed *execution.Report
	// Overtaken is the record as another client has written it, if the execution is
	// still open: it has to run again from there.
	Overtaken *record.Record
	// Damaged is what is wrong with the record, if another client has damaged it.
	Damaged *record.DamagedError
	// Aborted reports that another client has deleted or closed the record.
	Aborted bool
	// Written reports that this run has written the record at least once: another
	// client does not change it all the time.
	Written bool
}

// ended reports whether the run is over, unlike a run whose context has ended.
func (e Ending) ended() bool {
	return e.Closed != nil || e.Overtaken != nil || e.Damaged != nil || e.Aborted
}
