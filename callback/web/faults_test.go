package web_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
)

// brokenFS fails at every access below its root.
type brokenFS struct{ err error }

func (b brokenFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: b.err}
}

// streamFS has one execution, whose files do not implement io.Seeker.
type streamFS struct{ fstest.MapFS }

type streamFile struct{ fs.File }

func (s streamFS) Open(name string) (fs.File, error) {
	f, err := s.MapFS.Open(name)
	return streamFile{f}, err
}

func TestADiskThatFailsIsOurErrorAndStaysInTheLog(t *testing.T) {
	tests := map[string]struct {
		reports fs.FS
		path    string
	}{
		"the list of executions": {reports: brokenFS{errors.New("input/output error")}, path: "/"},
		"a list of files":        {reports: brokenFS{errors.New("input/output error")}, path: "/" + newer + "/"},
		"a file system that cannot seek": {
			reports: streamFS{fstest.MapFS{newer + "/a.json": {}}},
			path:    "/" + newer + "/a.json",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			h := web.NewHandler(tt.reports, web.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			r := request(t, h, http.MethodGet, tt.path, nil)
			if got := text(t, r); r.StatusCode != 500 || got != "internal error\n" {
				t.Errorf("got %d, %q, want 500 without detail", r.StatusCode, got)
			}
			if !strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("log: got %q", log.String())
			}
		})
	}
}

// goneClient is a connection whose client has stopped reading.
type goneClient struct {
	http.ResponseWriter
	deadline time.Time
}

func (g *goneClient) Write([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func (g *goneClient) SetWriteDeadline(t time.Time) error {
	g.deadline = t
	return nil
}

func TestAClientThatDoesNotReadIsLetGo(t *testing.T) {
	reports := newReports(t)
	for _, path := range []string{"/", "/latest/", "/latest/a-x.log", "/style.css"} {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				h := web.NewHandler(reports, web.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
				client := &goneClient{ResponseWriter: httptest.NewRecorder()}
				h.ServeHTTP(client, httptest.NewRequest(http.MethodGet, path, nil))
				if want := time.Now().Add(30 * time.Second); !client.deadline.Equal(want) {
					t.Errorf("deadline: got %s, want %s", client.deadline, want)
				}
				if log.Len() > 0 {
					t.Errorf("log: got %s, want nothing", log.String())
				}
			})
		})
	}
}

// prunedFS loses its files after they are listed, and before they are read.
type prunedFS struct{ fstest.MapFS }

type prunedEntry struct{ fs.DirEntry }

func (prunedEntry) Info() (fs.FileInfo, error) { return nil, fs.ErrNotExist }

func (p prunedFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := p.MapFS.ReadDir(name)
	for i := range entries {
		entries[i] = prunedEntry{entries[i]}
	}
	return entries, err
}

func TestAFileThatIsPrunedMeanwhileIsLeftOut(t *testing.T) {
	h := web.NewHandler(prunedFS{fstest.MapFS{newer + "/a.json": {}}}, web.Options{})
	r := request(t, h, http.MethodGet, "/"+newer+"/", nil)
	if got := text(t, r); r.StatusCode != 200 || strings.Contains(got, "a.json") {
		t.Errorf("got %d, %s", r.StatusCode, got)
	}
}
