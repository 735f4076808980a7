package web_test

import (
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestPagesAreAsTheGoldenFiles(t *testing.T) {
	of := func(abouts map[execution.ID]web.About) web.Options {
		return web.Options{AboutOf: func(id execution.ID) web.About { return abouts[id] }}
	}
	definitions := of(map[execution.ID]web.About{newer: {NodeCronJob: "<disk>"}, older: {NodeCronJob: "dns-check", Gone: true}})
	asked := of(map[execution.ID]web.About{
		newer: {NodeCronJob: "disk", Reason: "a new disk, and its firmware: " + strings.Repeat("é", 50), RequestedBy: "ada"},
		older: {NodeCronJob: "disk"},
	})
	tests := map[string]struct {
		reports fs.FS
		options web.Options
		path    string
	}{
		"definitions":                        {reports: newReports(t), options: definitions, path: "/"},
		"files-of-a-definition-that-is-gone": {reports: fstest.MapFS{older + "/a.json": {}}, options: definitions, path: "/" + older + "/"},
		"executions-that-were-asked-for":     {reports: newReports(t), options: asked, path: "/"},
		"files-that-were-asked-for":          {reports: fstest.MapFS{newer + "/a.json": {}}, options: asked, path: "/" + newer + "/"},
		"executions":                         {reports: newReports(t), path: "/"},
		"no-executions":                      {reports: fstest.MapFS{}, path: "/"},
		"files":                              {reports: newReports(t), path: "/" + newer + "/"},
		"no-files":                           {reports: fstest.MapFS{newer: {Mode: fs.ModeDir}}, path: "/" + newer + "/"},
		"names-that-look-like-markup": {
			reports: fstest.MapFS{
				newer + `/<script>alert(1)<`: {}, newer + `/" onclick="alert(1)`: {}, newer + `/' onclick='alert(1)`: {}, newer + "/{{ . }}": {},
				newer + "/&amp;": {}, newer + "/a+b c%20": {}, newer + "/-->": {}, newer + "/data:text,html": {}, newer + "/日本\u202e": {},
			},
			path: "/" + newer + "/",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := text(t, request(t, web.NewHandler(tt.reports, tt.options), http.MethodGet, tt.path, nil))
			golden := filepath.Join("testdata", name+".golden.html")
			if *update {
				write(t, golden, got)
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// Who may create an Execution chooses its reason, and who asked for it.
func TestAReasonIsText(t *testing.T) {
	options := web.Options{AboutOf: func(id execution.ID) web.About {
		if id != newer {
			return web.About{NodeCronJob: "disk"}
		}
		return web.About{NodeCronJob: "disk", Reason: `</td><script>alert("why")</script>`, RequestedBy: `<img src=x onerror=alert(1)> & ada`}
	}}
	h := web.NewHandler(newReports(t), options)
	for name, path := range map[string]string{"in the list": "/", "on the page of the execution": "/" + newer + "/", "on the page of the latest": "/latest/"} {
		t.Run(name, func(t *testing.T) {
			page := text(t, request(t, h, http.MethodGet, path, nil))
			for _, want := range []string{
				"&lt;/td&gt;&lt;script&gt;alert(&#34;why&#34;)&lt;/script&gt;", "&lt;img src=x onerror=alert(1)&gt; &amp; ada",
			} {
				if !strings.Contains(page, want) {
					t.Errorf("no %q in\n%s", want, page)
				}
			}
			if strings.Contains(page, "<script") || strings.Contains(page, "<img") {
				t.Errorf("there is an element of the reason in\n%s", page)
			}
		})
	}
	if page := text(t, request(t, h, http.MethodGet, "/"+older+"/", nil)); strings.Contains(page, "Reason") || strings.Contains(page, "Requested by") {
		t.Errorf("nobody asked for it, but the page says\n%s", page)
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
