package plan

import (
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// fileName is a file of a node task.
type fileName struct {
	task   int
	name   string
	number int // distinguishes files without a name
}

// arrival is a file with at least one upload in progress.
type arrival struct {
	uploads int   // several if a client lost its connection, and retries before the server notices
	counted bool  // as a file of the task
	stored  bool  // the file exists
	size    int64 // of the existing file, which the upload replaces
}

// Upload is an upload in progress.
type Upload struct {
	file     fileName
	received int64
}

// AddFile counts a stored file.
func (q *Budget) AddFile(task int, size int64) {
	u := &q.tasks[task]
	u.files++
	u.bytes += size
	q.bytes += size
}

// HasFiles reports whether the task has files, including uploads in progress.
func (q *Budget) HasFiles(task int) bool { return q.tasks[task].files > 0 }

// BeginFile counts an upload that begins. A file without a name is always a new
// file. If the task already has the file, of the given size, the upload replaces it
// and does not count again.
func (q *Budget) BeginFile(task int, name string, size int64, exists bool) (*Upload, error) {
	file := fileName{task: task, name: name}
	if name == "" {
		q.unnamed++
		file.number = q.unnamed
	}
	a := q.arriving[file]
	if a == nil {
		a = &arrival{counted: exists, stored: exists, size: size}
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

// Receive counts bytes of an upload before they are stored.
func (q *Budget) Receive(up *Upload, n int) error {
	u := &q.tasks[up.file.task]
	up.received += int64(n)
	u.bytes += int64(n)
	q.bytes += int64(n)
	return q.room(q.arriving[up.file], u)
}

// room returns an error if the files have too many bytes, not counting the file
// that the upload replaces.
func (q *Budget) room(a *arrival, u *used) error {
	switch replaced := a.size; {
	case u.bytes-replaced > q.limits.Bytes:
		return &execution.LimitError{
			Limit: execution.BytesPerTask, Err: execution.ErrTooLarge,
			Message: fmt.Sprintf("the files of a node may have %d bytes per execution (callback.limits.%s)", q.limits.Bytes, execution.BytesPerTask),
		}
	case q.bytes-replaced > q.limits.ExecutionBytes:
		return &execution.LimitError{
			Limit: execution.BytesPerExecution, Err: execution.ErrNoSpace,
			Message: fmt.Sprintf("all files of an execution may have %d bytes (callback.limits.%s)", q.limits.ExecutionBytes, execution.BytesPerExecution),
		}
	default:
		return nil
	}
}

// EndFile ends an upload: the file is stored, or discarded as a whole.
func (q *Budget) EndFile(up *Upload, stored bool) {
	a, u := q.arriving[up.file], &q.tasks[up.file.task]
	freed := up.received
	if stored {
		freed, a.size, a.stored = a.size, up.received, true
	}
	u.bytes -= freed
	q.bytes -= freed
	a.uploads--
	if a.uploads > 0 {
		return
	}
	delete(q.arriving, up.file)
	if !a.stored {
		u.files--
	}
}
