package run

import (
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Ending is how the run of an execution ended. If all of it is empty, the context
// ended, and the execution is still open.
type Ending struct {
	// Closed is the report of the execution: it has closed.
	Closed *execution.Report
	// Overtaken is the record as another writer has written it: the execution is open,
	// and is to be run anew.
	Overtaken *record.Record
	// Damaged is what is wrong with the record, which cannot be read any more.
	Damaged *record.DamagedError
	// Aborted is that the record was deleted, or closed by another writer.
	Aborted bool
	// Written is that the record was written in the run: nothing else writes it all
	// the time.
	Written bool
}

// ended reports whether the execution has ended, or is not this Execution's any more.
func (e Ending) ended() bool {
	return e.Closed != nil || e.Overtaken != nil || e.Damaged != nil || e.Aborted
}
