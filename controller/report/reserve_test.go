package report_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const mebibyte = 1 << 20

// reserved returns a store with one execution, and four mebibytes for its files. Two of
// them are reserved.
func reserved(t *testing.T) (*report.Store, *memdisk.Disk) {
	t.Helper()
	disk := memdisk.New()
	disk.Capacity = 4 * mebibyte
	s, err := report.Open(disk, report.Options{Reserve: 2 * mebibyte})
	testkit.Must(t, err)
	testkit.Must(t, s.Begin(first, whole))
	disk.Capacity += aboutSize(t, s)
	return s, disk
}

// aboutSize returns the size of the file that Begin has stored.
func aboutSize(t *testing.T, s *report.Store) int64 {
	t.Helper()
	return int64(len(content(t, s, string(first)+"/.about.json")))
}

func saveFile(s *report.Store, name string, size int) error {
	_, err := s.SaveFile(key(first, "a"), name, "", nil, bytes.NewReader(make([]byte, size)))
	return err
}

func TestTheReserveIsForResults(t *testing.T) {
	s, disk := reserved(t)
	testkit.Must(t, saveFile(s, "small", mebibyte/2))
	if err := saveFile(s, "large", 4*mebibyte); !errors.Is(err, execution.ErrNoSpace) {
		t.Errorf("a file that would use up the reserve: got %v, want %v", err, execution.ErrNoSpace)
	}
	if left, _ := disk.Free(); left != 7*mebibyte/2 {
		t.Errorf("after a rejected file: %d bytes are free, want all except those of the first file", left)
	}
	testkit.Must(t, saveFile(s, "fits", 2*mebibyte)) // it uses less of the reserve than is written between two checks
	if err := saveFile(s, "one more", 1); !errors.Is(err, execution.ErrNoSpace) {
		t.Errorf("a file: got %v, want %v", err, execution.ErrNoSpace)
	}
	if _, err := s.SaveLog(key(first, "a"), "main", strings.NewReader("log"), 10); !errors.Is(err, execution.ErrNoSpace) {
		t.Errorf("a log: got %v, want %v", err, execution.ErrNoSpace)
	}
	testkit.Must(t, s.CreateResult(key(first, "a"), make([]byte, 1000)))
	testkit.Must(t, s.SaveReport(execution.Report{ID: first}))
	testkit.Must(t, s.Begin(second, whole))
	testkit.Must(t, s.CreateResult(key(second, "a"), make([]byte, mebibyte/4)))
	if err := s.CreateResult(key(second, "b"), make([]byte, 2*mebibyte)); !errors.Is(err, execution.ErrNoSpace) {
		t.Errorf("a result that does not fit: got %v, want %v", err, execution.ErrNoSpace)
	}
	testkit.Must(t, s.Drop(first))
	_, err := s.SaveFile(key(second, "a"), "again", "", nil, strings.NewReader("x"))
	testkit.Must(t, err)
}

func TestWhatIsReservedIsTheLargerOfTheReserveAndTheSmallerOfBoth(t *testing.T) {
	for name, test := range map[string]struct {
		capacity int64
		options  report.Options
		want     int64
	}{
		"the bytes of a large disk":       {4096 * mebibyte, report.Options{Reserve: mebibyte, FreeBytes: 100 * mebibyte, FreePercent: 10}, 100 * mebibyte},
		"the percentage of a small disk":  {400 * mebibyte, report.Options{Reserve: mebibyte, FreeBytes: 100 * mebibyte, FreePercent: 10}, 40 * mebibyte},
		"the reserve of a very small one": {4 * mebibyte, report.Options{Reserve: 2 * mebibyte}, 2 * mebibyte},
	} {
		t.Run(name, func(t *testing.T) {
			disk := memdisk.New()
			disk.Capacity = test.capacity
			s, err := report.Open(disk, test.options)
			testkit.Must(t, err)
			if got := s.Reserved(); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestNothingIsReadOfAFileThatIsRefusedAtOnce(t *testing.T) {
	s, _ := reserved(t)
	testkit.Must(t, saveFile(s, "fill", 5*mebibyte/2))
	body := strings.NewReader("body")
	if _, err := s.SaveFile(key(first, "a"), "x", "", nil, body); !errors.Is(err, execution.ErrNoSpace) {
		t.Errorf("got %v, want %v", err, execution.ErrNoSpace)
	}
	if body.Len() != 4 {
		t.Error("the body was read")
	}
}

// unknown is a disk that does not return its free space.
type unknown struct{ *memdisk.Disk }

func (unknown) Free() (int64, error) { return 0, errors.ErrUnsupported }
func (unknown) Size() (int64, error) { return 0, errors.ErrUnsupported }

func TestTheReserve(t *testing.T) {
	full := func() *memdisk.Disk {
		disk := memdisk.New()
		disk.Capacity = mebibyte
		return disk
	}
	for name, test := range map[string]struct {
		disk    report.Disk
		options report.Options
		wantErr error
	}{
		"is 64 MiB by default": {disk: full(), wantErr: execution.ErrNoSpace},
		"can be smaller":       {disk: full(), options: report.Options{Reserve: 1000}},
		"can be disabled":      {disk: full(), options: report.Options{Reserve: -1}},
		"is not enforced if the free space is unknown": {disk: unknown{full()}},
		"does not matter on a disk that is not full":   {disk: memdisk.New()},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := report.Open(test.disk, test.options)
			testkit.Must(t, err)
			testkit.Must(t, s.Begin(first, whole))
			_, err = s.SaveFile(key(first, "a"), "x", "", nil, io.LimitReader(strings.NewReader("content"), 3))
			if !errors.Is(err, test.wantErr) {
				t.Errorf("got %v, want %v", err, test.wantErr)
			}
			if _, err := fs.Stat(s.FS(), "latest/a-x"); (err == nil) != (test.wantErr == nil) {
				t.Errorf("the file: %v", err)
			}
		})
	}
}

// Files are rejected long before logs, and logs before results.
func TestFilesLeaveMoreFreeThanLogs(t *testing.T) {
	const hundred = 100 * mebibyte
	for name, test := range map[string]struct {
		options  report.Options
		free     int // of a hundred mebibytes
		wantFile error
		wantLog  error
	}{
		"a tenth of a small disk is free":         {options: report.Options{Reserve: 1}, free: 10 * mebibyte},
		"less than a tenth of a small disk":       {options: report.Options{Reserve: 1}, free: 10*mebibyte - 1, wantFile: execution.ErrNoSpace},
		"exactly freeBytes":                       {options: report.Options{Reserve: 1, FreeBytes: 5 * mebibyte}, free: 5 * mebibyte},
		"less than freeBytes":                     {options: report.Options{Reserve: 1, FreeBytes: 5 * mebibyte}, free: 5*mebibyte - 1, wantFile: execution.ErrNoSpace},
		"exactly freePercent":                     {options: report.Options{Reserve: 1, FreePercent: 2}, free: 2 * mebibyte},
		"less than freePercent":                   {options: report.Options{Reserve: 1, FreePercent: 2}, free: 2*mebibyte - 1, wantFile: execution.ErrNoSpace},
		"exactly the reserve, which is larger":    {options: report.Options{Reserve: 20 * mebibyte}, free: 20 * mebibyte},
		"less than the reserve, which is larger":  {options: report.Options{Reserve: 20 * mebibyte}, free: 20*mebibyte - 1, wantFile: execution.ErrNoSpace, wantLog: execution.ErrNoSpace},
		"less than the reserve, which is smaller": {options: report.Options{Reserve: 2 * mebibyte}, free: 2*mebibyte - 1, wantFile: execution.ErrNoSpace, wantLog: execution.ErrNoSpace},
		"more than the reserve, which is smaller": {options: report.Options{Reserve: 2 * mebibyte}, free: 3 * mebibyte, wantFile: execution.ErrNoSpace},
	} {
		t.Run(name, func(t *testing.T) {
			disk := memdisk.New()
			disk.Capacity = hundred
			s, err := report.Open(disk, test.options)
			testkit.Must(t, err)
			testkit.Must(t, s.Begin(first, whole))
			fill := make([]byte, hundred-test.free-int(aboutSize(t, s)))
			testkit.Must(t, s.CreateResult(key(first, "fill"), fill)) // results may use all space
			if _, err := s.SaveLog(key(first, "a"), "main", strings.NewReader(""), 10); !errors.Is(err, test.wantLog) {
				t.Errorf("a log: got %v, want %v", err, test.wantLog)
			}
			if _, err := s.SaveFile(key(first, "a"), "x", "", nil, strings.NewReader("")); !errors.Is(err, test.wantFile) {
				t.Errorf("a file: got %v, want %v", err, test.wantFile)
			}
			testkit.Must(t, s.CreateResult(key(first, "a"), []byte("x")))
		})
	}
}
