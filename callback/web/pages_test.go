package web_test

import (
	"flag"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestPagesAreAsTheGoldenFiles(t *testing.T) {
	tests := map[string]struct {
		reports fs.FS
		path    string
	}{
		"executions":    {reports: newReports(t), path: "/"},
		"no-executions": {reports: fstest.MapFS{}, path: "/"},
		"files":         {reports: newReports(t), path: "/" + newer + "/"},
		"no-files":      {reports: fstest.MapFS{newer: {Mode: fs.ModeDir}}, path: "/" + newer + "/"},
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
			got := text(t, request(t, web.NewHandler(tt.reports, web.Options{}), http.MethodGet, tt.path, nil))
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
