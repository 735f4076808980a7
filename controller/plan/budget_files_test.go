package plan

import (
	"errors"
	"fmt"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// send uploads a file in pieces of ten bytes, and stores it unless a limit rejects it.
func send(q *Budget, task int, name string, size int64, replaced int64, there bool) error {
	up, err := q.BeginFile(task, name, replaced, there)
	if err != nil {
		return err
	}
	for left := size; left > 0 && err == nil; left -= 10 {
		err = q.Receive(up, int(min(left, 10)))
	}
	q.EndFile(up, err == nil)
	return err
}

func TestBudgetOfFiles(t *testing.T) {
	limits := BudgetLimits{Files: 3, Bytes: 100, ExecutionBytes: 250}
	type file struct {
		task     int
		name     string
		size     int64
		replaced int64 // 0: nothing
	}
	tests := map[string]struct {
		there []int64 // sizes of what the task had sent before a restart
		sent  []file  // all are stored
		last  file
		want  execution.Limit // empty: it is stored
		is    error
	}{
		"as many files as may be":               {sent: []file{{name: "1"}, {name: "2"}}, last: file{name: "3"}},
		"one file more":                         {sent: []file{{name: "1"}, {name: "2"}, {name: "3"}}, last: file{name: "4"}, want: execution.FilesPerTask, is: execution.ErrUsedUp},
		"one that is there already":             {there: []int64{5, 5, 5}, last: file{name: "1", size: 6, replaced: 5}},
		"one more than there were":              {there: []int64{5, 5, 5}, last: file{name: "4"}, want: execution.FilesPerTask, is: execution.ErrUsedUp},
		"one of another node":                   {there: []int64{5, 5, 5}, last: file{task: 1, name: "1"}},
		"one byte less than may be":             {sent: []file{{name: "1", size: 40}}, last: file{name: "2", size: 59}},
		"as many bytes as may be":               {sent: []file{{name: "1", size: 40}}, last: file{name: "2", size: 60}},
		"one byte more":                         {sent: []file{{name: "1", size: 40}}, last: file{name: "2", size: 61}, want: execution.BytesPerTask, is: execution.ErrTooLarge},
		"an empty file when all bytes are used": {sent: []file{{name: "1", size: 100}}, last: file{name: "2"}},
		"a byte when all bytes are used":        {sent: []file{{name: "1", size: 100}}, last: file{name: "2", size: 1}, want: execution.BytesPerTask, is: execution.ErrTooLarge},
		"in place of one that used them all":    {there: []int64{100}, last: file{name: "1", size: 100, replaced: 100}},
		"in place of one, and a byte too many":  {there: []int64{100}, last: file{name: "1", size: 101, replaced: 100}, want: execution.BytesPerTask, is: execution.ErrTooLarge},
		"bytes of before a restart":             {there: []int64{60, 30}, last: file{name: "3", size: 11}, want: execution.BytesPerTask, is: execution.ErrTooLarge},
		"another node's bytes":                  {there: []int64{100}, last: file{task: 1, name: "1", size: 100}},
		"as many bytes of all as may be":        {there: []int64{100}, sent: []file{{task: 1, name: "1", size: 100}}, last: file{task: 2, name: "1", size: 50}},
		"one byte of all more":                  {there: []int64{100}, sent: []file{{task: 1, name: "1", size: 100}}, last: file{task: 2, name: "1", size: 51}, want: execution.BytesPerExecution, is: execution.ErrNoSpace},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := NewBudget(limits, 3)
			for _, size := range tt.there {
				q.AddFile(0, size)
			}
			for _, f := range tt.sent {
				if err := send(q, f.task, f.name, f.size, f.replaced, f.replaced > 0); err != nil {
					t.Fatalf("%+v: %v", f, err)
				}
			}
			before := fmt.Sprint(q.bytes, q.tasks)
			err := send(q, tt.last.task, tt.last.name, tt.last.size, tt.last.replaced, tt.last.replaced > 0)
			if limitOf(err) != tt.want || !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %q, which is %v", err, tt.want, tt.is)
			}
			if after := fmt.Sprint(q.bytes, q.tasks); err != nil && after != before {
				t.Errorf("after a file that was refused: %s, before: %s", after, before)
			}
		})
	}
}

// A client that lost its connection sends the file again while the server still waits for
// the rest of the first upload.
func TestTheSameFileTwiceAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		first, second bool // what is stored of them
		wantFiles     int32
		wantBytes     int64
	}{
		"both are stored":     {true, true, 1, 20},
		"the first is stored": {true, false, 1, 10},
		"the second is":       {false, true, 1, 20},
		"none is":             {false, false, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			q := NewBudget(BudgetLimits{Files: 1}, 1)
			first, err := q.BeginFile(0, "x", 0, false)
			if err != nil {
				t.Fatal(err)
			}
			second, err := q.BeginFile(0, "x", 0, false)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := q.BeginFile(0, "y", 0, false); limitOf(err) != execution.FilesPerTask {
				t.Errorf("another file meanwhile: got %v", err)
			}
			for up, n := range map[*Upload]int{first: 10, second: 20} {
				if err := q.Receive(up, n); err != nil {
					t.Fatal(err)
				}
			}
			q.EndFile(first, tt.first)
			q.EndFile(second, tt.second)
			if u := q.tasks[0]; u.files != tt.wantFiles || u.bytes != tt.wantBytes || q.bytes != tt.wantBytes {
				t.Errorf("got %d files of %d bytes, %d of all, want %d of %d", u.files, u.bytes, q.bytes, tt.wantFiles, tt.wantBytes)
			}
		})
	}
}

func TestFilesWithoutANameAreDifferentOnes(t *testing.T) {
	q := NewBudget(BudgetLimits{Files: 2}, 1)
	for range 2 {
		up, err := q.BeginFile(0, "", 0, false)
		if err != nil {
			t.Fatal(err)
		}
		defer q.EndFile(up, true)
	}
	if _, err := q.BeginFile(0, "", 0, false); limitOf(err) != execution.FilesPerTask {
		t.Errorf("a third meanwhile: got %v", err)
	}
}

// Uploads in progress count, so that concurrent ones together do not exceed a limit.
func TestFilesThatArriveAtOnceShareWhatIsLeft(t *testing.T) {
	q := NewBudget(BudgetLimits{Bytes: 100}, 1)
	refused := 0
	var ups []*Upload
	for n := range 4 {
		up, err := q.BeginFile(0, fmt.Sprint(n), 0, false)
		if err != nil {
			t.Fatal(err)
		}
		ups = append(ups, up)
	}
	for _, up := range ups {
		err := q.Receive(up, 30)
		if err != nil {
			refused++
		}
		defer q.EndFile(up, err == nil)
	}
	if refused != 1 {
		t.Errorf("%d of four files of 30 bytes were refused, want one", refused)
	}
}
