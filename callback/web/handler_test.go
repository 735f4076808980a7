package web_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
)

const (
	older = "20261123034200"
	newer = "20261124034200"
)

// newReports returns the file system of a new report directory, which contains files
// that must not be served.
func newReports(t *testing.T) fs.FS {
	t.Helper()
	outside := t.TempDir()
	directory := filepath.Join(t.TempDir(), "reports")
	write(t, filepath.Join(outside, "secret.txt"), "secret")
	write(t, filepath.Join(directory, "..", "neighbour.txt"), "secret")
	write(t, filepath.Join(directory, older, "a.json"), `{"test":[]}`)
	write(t, filepath.Join(directory, newer, "a.json"), `{"test":[{"value":1}]}`)
	write(t, filepath.Join(directory, newer, "a-x.log"), "0123456789")
	write(t, filepath.Join(directory, newer, "a-x.txt"), "text")
	write(t, filepath.Join(directory, newer, "a-x.html"), "<script>alert(1)</script>")
	write(t, filepath.Join(directory, newer, "a-x.svg"), "<svg/>")
	write(t, filepath.Join(directory, newer, "a-empty"), "")
	write(t, filepath.Join(directory, newer, "javascript:alert(1)"), "x")
	write(t, filepath.Join(directory, newer, `a-"quoted" é.bin`), strings.Repeat("x", 3000))
	write(t, filepath.Join(directory, newer, ".tmp-1"), "secret")
	write(t, filepath.Join(directory, newer, "deeper", "x.txt"), "secret")
	write(t, filepath.Join(directory, "lost+found", "x.txt"), "secret")
	write(t, filepath.Join(directory, ".state", "x.txt"), "secret")
	write(t, filepath.Join(directory, "20261125034200"), "a file in place of a directory")
	link(t, newer, filepath.Join(directory, "latest"))
	link(t, outside, filepath.Join(directory, "20261126034200"))
	link(t, filepath.Join(outside, "secret.txt"), filepath.Join(directory, newer, "out.txt"))
	link(t, "a.json", filepath.Join(directory, newer, "in.json"))
	if err := syscall.Mkfifo(filepath.Join(directory, newer, "pipe.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	return openReports(t, directory)
}

func openReports(t *testing.T, directory string) fs.FS {
	t.Helper()
	root, err := os.OpenRoot(directory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root.FS()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

// request requests a path without cleaning or escaping it.
func request(t *testing.T, h http.Handler, method, path string, header http.Header) *http.Response {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	target.Opaque = "//" + target.Host + path
	r := &http.Request{Method: method, URL: target, Header: http.Header{}}
	maps.Copy(r.Header, header)
	response, err := server.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFiles(t *testing.T) {
	tests := map[string]struct {
		path string

		wantBody        string
		wantType        string
		wantDisposition string
	}{
		"a result is JSON": {
			path:     "/" + newer + "/a.json",
			wantBody: `{"test":[{"value":1}]}`, wantType: "application/json",
		},
		"a file of an older execution": {
			path:     "/" + older + "/a.json",
			wantBody: `{"test":[]}`, wantType: "application/json",
		},
		"a file of the latest execution": {
			path:     "/latest/a.json",
			wantBody: `{"test":[{"value":1}]}`, wantType: "application/json",
		},
		"a log is text": {
			path:     "/latest/a-x.log",
			wantBody: "0123456789", wantType: "text/plain; charset=utf-8",
		},
		"a text is text": {
			path:     "/latest/a-x.txt",
			wantBody: "text", wantType: "text/plain; charset=utf-8",
		},
		"an empty file is saved": {
			path:     "/latest/a-empty",
			wantType: "application/octet-stream", wantDisposition: "attachment; filename=a-empty",
		},
		"D17: HTML is saved, never shown": {
			path:     "/latest/a-x.html",
			wantBody: "<script>alert(1)</script>", wantType: "application/octet-stream", wantDisposition: "attachment; filename=a-x.html",
		},
		"D17: SVG is saved, never shown": {
			path:     "/latest/a-x.svg",
			wantBody: "<svg/>", wantType: "application/octet-stream", wantDisposition: "attachment; filename=a-x.svg",
		},
		"a name with quotes and letters beyond ASCII is encoded": {
			path:            "/latest/" + url.PathEscape(`a-"quoted" é.bin`),
			wantBody:        strings.Repeat("x", 3000),
			wantType:        "application/octet-stream",
			wantDisposition: `attachment; filename*=utf-8''a-%22quoted%22%20%C3%A9.bin`,
		},
	}
	h := web.NewHandler(newReports(t), web.Options{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := request(t, h, http.MethodGet, tt.path, nil)
			if r.StatusCode != http.StatusOK {
				t.Fatalf("status: got %d, want 200", r.StatusCode)
			}
			if got := text(t, r); got != tt.wantBody {
				t.Errorf("body: got %q, want %q", got, tt.wantBody)
			}
			wantHeader := map[string]string{
				"Content-Type":                 tt.wantType,
				"Content-Disposition":          tt.wantDisposition,
				"Content-Security-Policy":      "sandbox; default-src 'none'; frame-ancestors 'none'",
				"X-Content-Type-Options":       "nosniff",
				"Cache-Control":                "no-store",
				"Cross-Origin-Resource-Policy": "same-origin",
			}
			for key, want := range wantHeader {
				if got := r.Header.Get(key); got != want {
					t.Errorf("%s: got %q, want %q", key, got, want)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	tests := map[string]struct {
		method string
		path   string

		wantStatus int
		wantAllow  string
	}{
		"an unknown path":                        {path: "/x", wantStatus: 404},
		"a page of the profiler":                 {path: "/debug/pprof/", wantStatus: 404},
		"an execution that was pruned":           {path: "/20251124034200/", wantStatus: 404},
		"a file of an execution that was pruned": {path: "/20251124034200/a.json", wantStatus: 404},
		"an execution that is a file":            {path: "/20261125034200/", wantStatus: 404},
		"an execution that is a link out":        {path: "/20261126034200/secret.txt", wantStatus: 404},
		"a list of a link out":                   {path: "/20261126034200/", wantStatus: 404},
		"a directory that is no execution":       {path: "/lost+found/x.txt", wantStatus: 404},
		"a list of what is no execution":         {path: "/lost+found/", wantStatus: 404},
		"a hidden directory":                     {path: "/.state/x.txt", wantStatus: 404},
		"a hidden file":                          {path: "/latest/.tmp-1", wantStatus: 404},
		"a directory inside an execution":        {path: "/latest/deeper", wantStatus: 404},
		"a list inside an execution":             {path: "/latest/deeper/", wantStatus: 404},
		"a file deeper than two levels":          {path: "/latest/deeper/x.txt", wantStatus: 404},
		"a link out":                             {path: "/latest/out.txt", wantStatus: 404},
		"a link within":                          {path: "/latest/in.json", wantStatus: 404},
		"a pipe does not block":                  {path: "/latest/pipe.txt", wantStatus: 404},
		"a name too long for the disk":           {path: "/latest/" + strings.Repeat("a", 300), wantStatus: 404},
		"H17: parents":                           {path: "/../../etc/passwd", wantStatus: 404},
		"H17: parents below latest":              {path: "/latest/../../neighbour.txt", wantStatus: 404},
		"H17: a parent's file":                   {path: "/latest/../neighbour.txt", wantStatus: 404},
		"H17: encoded parents":                   {path: "/%2e%2e/neighbour.txt", wantStatus: 404},
		"H17: encoded separators":                {path: "/latest/..%2f..%2fneighbour.txt", wantStatus: 404},
		"H17: an encoded separator between":      {path: "/latest%2fdeeper%2fx.txt", wantStatus: 404},
		"H17: backslashes":                       {path: `/latest/..\..\neighbour.txt`, wantStatus: 404},
		"H17: a NUL":                             {path: "/latest/a%00.json", wantStatus: 404},
		"H17: a name that is not UTF-8":          {path: "/latest/%ff", wantStatus: 404},
		"two slashes at the start":               {path: "//latest/a.json", wantStatus: 404},
		"two slashes within":                     {path: "/latest//a.json", wantStatus: 404},
		"H18: OPTIONS":                           {method: http.MethodOptions, path: "/", wantStatus: 405, wantAllow: "GET, HEAD"},
		"H18: POST":                              {method: http.MethodPost, path: "/latest/a.json", wantStatus: 405, wantAllow: "GET, HEAD"},
		"H18: DELETE":                            {method: http.MethodDelete, path: "/latest/a.json", wantStatus: 405, wantAllow: "GET, HEAD"},
		"H18: TRACE":                             {method: http.MethodTrace, path: "/latest/a.json", wantStatus: 405, wantAllow: "GET, HEAD"},
	}
	h := web.NewHandler(newReports(t), web.Options{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			method := tt.method
			if method == "" {
				method = http.MethodGet
			}
			r := request(t, h, method, tt.path, nil)
			if r.StatusCode != tt.wantStatus {
				t.Errorf("status: got %d, want %d", r.StatusCode, tt.wantStatus)
			}
			if got := r.Header.Get("Allow"); got != tt.wantAllow {
				t.Errorf("Allow: got %q, want %q", got, tt.wantAllow)
			}
			if got := text(t, r); strings.Contains(got, "secret") || strings.Contains(got, "passwd") {
				t.Errorf("body: got %q, which tells too much", got)
			}
		})
	}
}

func TestConditionalAndPartialRequests(t *testing.T) {
	manyRanges := "bytes=" + strings.TrimSuffix(strings.Repeat("0-,", 100), ",")
	tests := map[string]struct {
		method string
		header http.Header

		wantStatus int
		wantBody   string
	}{
		"H16: a range":                       {header: http.Header{"Range": {"bytes=2-4"}}, wantStatus: 206, wantBody: "234"},
		"H16: a range behind the end":        {header: http.Header{"Range": {"bytes=100-"}}, wantStatus: 416, wantBody: "invalid range: failed to overlap\n"},
		"H16: a hundred ranges":              {header: http.Header{"Range": {manyRanges}}, wantStatus: 200, wantBody: "0123456789"},
		"H16: not modified":                  {header: http.Header{"If-Modified-Since": {"Fri, 01 Jan 2100 00:00:00 GMT"}}, wantStatus: 304},
		"H18: HEAD":                          {method: http.MethodHead, wantStatus: 200},
		"H18: a foreign origin gets no CORS": {header: http.Header{"Origin": {"http://evil"}}, wantStatus: 200, wantBody: "0123456789"},
		"H19: no upgrade":                    {header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, wantStatus: 200, wantBody: "0123456789"},
	}
	h := web.NewHandler(newReports(t), web.Options{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			method := tt.method
			if method == "" {
				method = http.MethodGet
			}
			r := request(t, h, method, "/latest/a-x.log", tt.header)
			if r.StatusCode != tt.wantStatus {
				t.Errorf("status: got %d, want %d", r.StatusCode, tt.wantStatus)
			}
			if got := text(t, r); got != tt.wantBody {
				t.Errorf("body: got %q, want %q", got, tt.wantBody)
			}
			if got := r.Header.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("Access-Control-Allow-Origin: got %q, want none", got)
			}
		})
	}
}

func TestADirectoryWithoutSlashLeadsToItsList(t *testing.T) {
	h := web.NewHandler(newReports(t), web.Options{})
	for _, name := range []string{"latest", newer} {
		r := request(t, h, http.MethodGet, "/"+name, nil)
		if got := r.Header.Get("Location"); r.StatusCode != http.StatusMovedPermanently || got != name+"/" {
			t.Errorf("%s: got %d to %q, want 301 to %s/", name, r.StatusCode, got, name)
		}
	}
}

func TestPages(t *testing.T) {
	empty := openReports(t, t.TempDir())
	tests := map[string]struct {
		reports fs.FS
		path    string

		want    []string
		wantNot []string
	}{
		"the executions, newest first": {
			path: "/",
			want: []string{
				`<html lang="en">`, `<main>`, `<a href="latest/">`,
				`<caption>Executions, newest first</caption>`, `<th scope="col">Execution</th>`,
				`<a href="20261124034200/">`, `<time datetime="2026-11-24T03:42:00Z">2026-11-24 03:42:00 UTC</time>`,
				`<a href="20261123034200/">`, `</html>`,
			},
			wantNot: []string{"lost", ".state", "20261125034200", "20261126034200", "script", "style="},
		},
		"no executions": {
			reports: empty,
			path:    "/",
			want:    []string{`<main>`, "There are no executions yet.", `</html>`},
			wantNot: []string{"latest", "<table"},
		},
		"the files of an execution": {
			path: "/" + newer + "/",
			want: []string{
				`<title>Execution 20261124034200</title>`, `<main>`, `<caption>Files</caption>`, `<th scope="col" class="number">Size</th>`,
				`<a href="./a-%22quoted%22%20%C3%A9.bin">a-&#34;quoted&#34; é.bin</a></th><td class="number">2.9 KiB</td>`,
				`<a href="./a-empty">a-empty</a></th><td class="number">0 B</td>`,
				`<a href="./a-x.html">`,
				`<a href="./a.json">a.json</a></th><td class="number">22 B</td>`,
				`<a href="./javascript:alert%281%29">`,
				`</html>`,
			},
			wantNot: []string{".tmp-1", "deeper", "out.txt", "in.json", "pipe.txt", "<script", "ZgotmplZ"},
		},
		"the files of the latest execution": {
			path: "/latest/",
			want: []string{`<title>Execution latest</title>`, `<a href="./a.json">`},
		},
		"an execution without files": {
			reports: fstest.MapFS{newer: {Mode: fs.ModeDir}},
			path:    "/" + newer + "/",
			want:    []string{"There are no files yet."},
		},
	}
	reports := newReports(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.reports == nil {
				tt.reports = reports
			}
			r := request(t, web.NewHandler(tt.reports, web.Options{}), http.MethodGet, tt.path, nil)
			if r.StatusCode != http.StatusOK {
				t.Fatalf("status: got %d, want 200", r.StatusCode)
			}
			if got := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; style-src 'self';") {
				t.Errorf("Content-Security-Policy: got %q", got)
			}
			page := text(t, r)
			rest := page
			for _, want := range tt.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("page: no %q, or not in its place, in\n%s", want, page)
				}
				rest = after
			}
			for _, not := range tt.wantNot {
				if strings.Contains(page, not) {
					t.Errorf("page: has %q", not)
				}
			}
		})
	}
}

func TestTheStyleIsServed(t *testing.T) {
	r := request(t, web.NewHandler(fstest.MapFS{}, web.Options{}), http.MethodGet, "/style.css", nil)
	if got := r.Header.Get("Content-Type"); r.StatusCode != 200 || got != "text/css; charset=utf-8" {
		t.Errorf("got %d, %q", r.StatusCode, got)
	}
	if got := text(t, r); !strings.Contains(got, "prefers-color-scheme: dark") {
		t.Errorf("style: has no dark mode")
	}
}

func TestFifteenThousandFilesAreListed(t *testing.T) {
	reports := fstest.MapFS{}
	const count = 15_000
	for i := range count {
		reports[fmt.Sprintf("%s/node-%05d.json", newer, i)] = &fstest.MapFile{Data: []byte("{}")}
	}
	r := request(t, web.NewHandler(reports, web.Options{}), http.MethodGet, "/"+newer+"/", nil)
	if got := strings.Count(text(t, r), `<th scope="row">`); got != count {
		t.Errorf("rows: got %d, want %d", got, count)
	}
}

func TestSizes(t *testing.T) {
	reports := fstest.MapFS{
		newer + "/a": {Data: make([]byte, 1023)},
		newer + "/b": {Data: make([]byte, 1024)},
		newer + "/c": {Data: make([]byte, 5<<20)},
	}
	page := text(t, request(t, web.NewHandler(reports, web.Options{}), http.MethodGet, "/"+newer+"/", nil))
	for _, want := range []string{"1023 B", "1.0 KiB", "5.0 MiB"} {
		if !strings.Contains(page, want) {
			t.Errorf("page: no %q", want)
		}
	}
}

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

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/", "/latest", "/latest/a.json", "/latest/../a", "//", "/" + newer + "/x", "/\x00", "/latest/\xff", "*", ""} {
		f.Add(seed)
	}
	h := web.NewHandler(fstest.MapFS{
		newer + "/a.json": {Data: []byte("{}")},
		"latest/a.json":   {Data: []byte("{}")},
		"secret":          {Data: []byte("secret")},
		"sub/secret":      {Data: []byte("secret")},
	}, web.Options{})
	f.Fuzz(func(t *testing.T, path string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}, Header: http.Header{}})
		if w.Code >= 500 || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%q: got %d, %q", path, w.Code, w.Body)
		}
	})
}
