package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
)

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
