package plan

import (
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// fileName is a file of a node task.
type fileName struct {
	task   int
	name   string
	number int // tells those without a name apart
}

// arrival is a file of which something is arriving, perhaps several times at
// once: a client that lost its connection tries again before the server knows.
type arrival struct {
	uploads int
	counted bool  // as a file of the task
	stored  bool  // it is there
	size    int64 // of what is there, which the next one replaces
}

// Upload is a file on its way in.
type Upload struct {
	file     fileName
	received int64
}

// AddFile counts a file that is stored.
func (q *Quota) AddFile(task int, size int64) {
	u := &q.tasks[task]
	u.files++
	u.bytes += size
	q.bytes += size
}

// HasFiles reports whether the task has files, or some are arriving.
func (q *Quota) HasFiles(task int) bool { return q.tasks[task].files > 0 }

// BeginFile counts a file that begins to arrive. One without a name is always
// another one; there is whether the task has this one already, of that size: it
// is replaced, and does not count twice.
func (q *Quota) BeginFile(task int, name string, size int64, there bool) (*Upload, error) {
	file := fileName{task: task, name: name}
	if name == "" {
		q.unnamed++
		file.number = q.unnamed
	}
	a := q.arriving[file]
	if a == nil {
		a = &arrival{counted: there, stored: there, size: size}
	}
	u := &q.tasks[task]
	if !a.counted && int(u.files) >= q.limits.Files {
		return nil, usedUp(execution.FilesPerTask, "files", q.limits.Files)
	}
	if err := q.room(a, u); err != nil {
		return nil, err
	}
	if !a.counted {
		a.counted = true
		u.files++
	}
	a.uploads++
	q.arriving[file] = a
	return &Upload{file: file}, nil
}

// Receive counts bytes of a file before they are stored.
func (q *Quota) Receive(up *Upload, n int) error {
	u := &q.tasks[up.file.task]
	up.received += int64(n)
	u.bytes += int64(n)
	q.bytes += int64(n)
	return q.room(q.arriving[up.file], u)
}

// room returns an error if there are more bytes than may be, without what is
// about to be replaced.
func (q *Quota) room(a *arrival, u *used) error {
	switch replaced := a.size; {
	case u.bytes-replaced > q.limits.Bytes:
		return &execution.LimitError{
			Limit: execution.BytesPerTask, Err: execution.ErrTooLarge,
			Message: fmt.Sprintf("the files of a node may have %d bytes in an execution (callback.limits.%s)", q.limits.Bytes, execution.BytesPerTask),
		}
	case q.bytes-replaced > q.limits.ExecutionBytes:
		return &execution.LimitError{
			Limit: execution.BytesPerExecution, Err: execution.ErrNoSpace,
			Message: fmt.Sprintf("the files of an execution may have %d bytes (callback.limits.%s)", q.limits.ExecutionBytes, execution.BytesPerExecution),
		}
	default:
		return nil
	}
}

// EndFile ends what BeginFile began: the file is stored, or nothing of it is.
func (q *Quota) EndFile(up *Upload, stored bool) {
	a, u := q.arriving[up.file], &q.tasks[up.file.task]
	gone := up.received
	if stored {
		gone, a.size, a.stored = a.size, up.received, true
	}
	u.bytes -= gone
	q.bytes -= gone
	a.uploads--
	if a.uploads > 0 {
		return
	}
	delete(q.arriving, up.file)
	if !a.stored {
		u.files--
	}
}
