package web_test

import (
	"bytes"
	"io"
	"io/fs"
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
