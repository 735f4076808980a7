package callback

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

func TestPostedAsScriptsDo(t *testing.T) {
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}} // as curl -d says
	tests := map[string]struct {
		kind   route.Kind
		header http.Header
		body   string

		wantCall string
	}{
		"a result with curl -d": {
			kind: route.Result, header: form, body: `{"test":[{"value":1.0}]}`,
			wantCall: `result of node-1.zone-a at 20261124034200: {"test":[{"value":1.0}]}`,
		},
		"a result without a content type": {
			kind: route.Result, body: `{}`,
			wantCall: `result of node-1.zone-a at 20261124034200: {}`,
		},
		"R39: a result that says it is XML": {
			kind: route.Result, header: http.Header{"Content-Type": {"text/xml"}}, body: `{}`,
			wantCall: `result of node-1.zone-a at 20261124034200: {}`,
		},
		"a result with a content type that is none": {
			kind: route.Result, header: http.Header{"Content-Type": {";;"}}, body: `{}`,
			wantCall: `result of node-1.zone-a at 20261124034200: {}`,
		},
		"R01: an empty result is the recorder's to judge": {
			kind:     route.Result,
			wantCall: `result of node-1.zone-a at 20261124034200: `,
		},
		"a result that says it is not compressed": {
			kind: route.Result, header: http.Header{"Content-Encoding": {"identity"}}, body: `{}`,
			wantCall: `result of node-1.zone-a at 20261124034200: {}`,
		},
		"an event with curl -d": {
			kind: route.Event, header: form, body: `{"warning":true,"reason":"TestReason","message":"test message: %s","args":["a1"]}`,
			wantCall: `event of node-1.zone-a at 20261124034200: {Warning:true Reason:TestReason Action: Message:test message: a1}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			recorder := &fakeRecorder{}
			got := post(t, callbackURL(t, open(t, NewHandler(recorder, Options{})), tt.kind), tt.header, strings.NewReader(tt.body))
			if got.status != http.StatusOK || got.body != "" {
				t.Errorf("got %d, %q, want 200 and nothing", got.status, got.body)
			}
			if call := recorder.called(); call != tt.wantCall {
				t.Errorf("recorder: got %q, want %q", call, tt.wantCall)
			}
		})
	}
}

func TestRefusedBeforeTheRecorder(t *testing.T) {
	result := route.Path(route.Result, testKey)
	body := "Content-Length: 2\r\n\r\n{}"
	tests := map[string]struct {
		request string

		wantStatus int
		wantAllow  string
		wantBody   string
	}{
		"H1: GET":             {request: "GET " + result + " HTTP/1.1\r\nHost: x\r\n\r\n", wantStatus: 405, wantAllow: "POST", wantBody: "use POST"},
		"H1: PUT":             {request: "PUT " + result + " HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 405, wantAllow: "POST"},
		"H1: DELETE":          {request: "DELETE " + result + " HTTP/1.1\r\nHost: x\r\n\r\n", wantStatus: 405, wantAllow: "POST"},
		"H1: PATCH":           {request: "PATCH " + result + " HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 405, wantAllow: "POST"},
		"H1: TRACE":           {request: "TRACE " + result + " HTTP/1.1\r\nHost: x\r\n\r\n", wantStatus: 405, wantAllow: "POST"},
		"H18: OPTIONS":        {request: "OPTIONS " + result + " HTTP/1.1\r\nHost: x\r\nOrigin: http://evil\r\n\r\n", wantStatus: 405, wantAllow: "POST"},
		"a method of its own": {request: "POSTS " + result + " HTTP/1.1\r\nHost: x\r\n\r\n", wantStatus: 405, wantAllow: "POST"},
		"CONNECT":             {request: "CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n", wantStatus: 404},
		"H2: an unknown path": {request: "POST /x HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 404, wantBody: `{"error":"no such path"}`},
		"H2: the profiler":    {request: "GET /debug/pprof/ HTTP/1.1\r\nHost: x\r\n\r\n", wantStatus: 404},
		"H2: the root":        {request: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", wantStatus: 404},
		"H3: a slash at the end is not redirected":      {request: "POST " + result + "/ HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 404},
		"a path in another case is not corrected":       {request: "POST " + strings.Replace(result, "report", "Report", 1) + " HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 404},
		"H4: two slashes":                               {request: "POST /" + result + " HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 404},
		"H4: an empty node":                             {request: "POST /report//20261124034200/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400},
		"H4: a parent":                                  {request: "POST /report/../20261124034200/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400, wantBody: `node \"..\"`},
		"H4: an encoded parent":                         {request: "POST /report/%2e%2e/20261124034200/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400},
		"H4: an encoded separator":                      {request: "POST /report/a%2fb/20261124034200/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 404},
		"H4: an encoded NUL":                            {request: "POST /report/a%00/20261124034200/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400, wantBody: `a\\x00`},
		"H4: an encoded line break":                     {request: "POST /report/a%0a/20261124034200/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400, wantBody: `a\\n`},
		"H5: a node in upper case":                      {request: "POST /report/Node/20261124034200/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400},
		"H5: a node of 254 letters":                     {request: "POST /report/" + strings.Repeat("a", 254) + "/20261124034200/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400},
		"H6: an execution of letters":                   {request: "POST /report/a/abc/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400},
		"H6: an execution of 13 digits":                 {request: "POST /report/a/2026112403420/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400},
		"H6: an execution of 15 digits":                 {request: "POST /report/a/202611240342000/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400},
		"H6: the latest":                                {request: "POST /report/a/latest/result HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400},
		"H7: a header of 17 KiB":                        {request: head(route.Result, nil, "X: "+strings.Repeat("x", 17<<10), "Content-Length: 2") + "{}", wantStatus: 431},
		"H7: a thousand header lines":                   {request: head(route.Result, nil, strings.Repeat("a:\r\n", 1000)+"Content-Length: 2") + "{}", wantStatus: 431, wantBody: "at most 64 lines"},
		"H8: two lengths":                               {request: head(route.Result, nil, "Content-Length: 2", "Content-Length: 3") + "{}", wantStatus: 400},
		"H8: a negative length":                         {request: head(route.Result, nil, "Content-Length: -1") + "{}", wantStatus: 400},
		"H8: a length beyond numbers":                   {request: head(route.Result, nil, "Content-Length: 99999999999999999999") + "{}", wantStatus: 400},
		"H8: a length of an exabyte":                    {request: head(route.Result, nil, "Content-Length: 1152921504606846976") + "{}", wantStatus: 413},
		"H9: a transfer coding that is not ours":        {request: head(route.Result, nil, "Transfer-Encoding: gzip, chunked") + "{}", wantStatus: 501},
		"H10: HTTP/0.9":                                 {request: "GET /\r\n\r\n", wantStatus: 400},
		"H10: HTTP/3.0":                                 {request: "POST " + result + " HTTP/3.0\r\nHost: x\r\n\r\n", wantStatus: 505},
		"H10: the preface of HTTP/2":                    {request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", wantStatus: 404},
		"H13: what is refused is not asked for":         {request: head(route.Result, nil, "Expect: 100-continue", "Content-Length: 1048577"), wantStatus: 413},
		"an expectation that is not ours":               {request: head(route.Result, nil, "Expect: money", "Content-Length: 2"), wantStatus: 417},
		"R38: a result of 1 MiB and a byte":             {request: head(route.Result, nil, "Content-Length: 1048577") + strings.Repeat("x", 1048577), wantStatus: 413, wantBody: "at most 1048576 bytes"},
		"R38: a result without length that is as long":  {request: head(route.Result, nil, "Transfer-Encoding: chunked") + "100001\r\n" + strings.Repeat("x", 1048577) + "\r\n0\r\n\r\n", wantStatus: 413, wantBody: "at most 1048576 bytes"},
		"R39: a result in parts":                        {request: head(route.Result, nil, "Content-Type: multipart/form-data; boundary=x", "Content-Length: 2") + "{}", wantStatus: 415, wantBody: "not multipart"},
		"R40: a compressed result":                      {request: head(route.Result, nil, "Content-Encoding: gzip", "Content-Length: 2") + "{}", wantStatus: 415, wantBody: "not be compressed"},
		"a second content coding":                       {request: head(route.Result, nil, "Content-Encoding: identity", "Content-Encoding: br", "Content-Length: 2") + "{}", wantStatus: 415},
		"E3: an event of 1 MiB":                         {request: head(route.Event, nil, "Content-Length: 1048576") + strings.Repeat("x", 1048576), wantStatus: 413},
		"an event of 16 KiB and a byte, without length": {request: head(route.Event, nil, "Transfer-Encoding: chunked") + "4001\r\n" + strings.Repeat("x", 16385) + "\r\n0\r\n\r\n", wantStatus: 413},
		"E12: an event with an unknown field":           {request: head(route.Event, nil, "Content-Length: 9") + `{"foo":1}`, wantStatus: 400, wantBody: `{"error":"unknown field \"foo\"","path":"foo"}`},
		"an event in parts":                             {request: head(route.Event, nil, "Content-Type: multipart/form-data; boundary=x", "Content-Length: 2") + "{}", wantStatus: 415},
		"F25: a file of 32 MiB and a byte":              {request: head(route.File, nil, "Content-Length: 33554433"), wantStatus: 413, wantBody: "at most 33554432 bytes"},
		"F25: a form of 64 MiB and a byte":              {request: head(route.File, nil, "Content-Type: multipart/form-data; boundary=x", "Content-Length: 67108865"), wantStatus: 413, wantBody: "at most 67108864 bytes"},
		"F31: a compressed file":                        {request: head(route.File, nil, "Content-Encoding: zstd", "Content-Length: 2") + "{}", wantStatus: 415},
		"H21: HTTP/1.0 without a length":                {request: "POST " + result + " HTTP/1.0\r\n\r\n{}", wantStatus: 411, wantBody: "must have a Content-Length"},
		"H21: a file without a length":                  {request: "POST " + route.Path(route.File, testKey) + " HTTP/1.1\r\nHost: x\r\n\r\ntext", wantStatus: 411, wantBody: "must have a Content-Length"},
		"H21: a file of HTTP/1.0 without a length":      {request: "POST " + route.Path(route.File, testKey) + "?name=a HTTP/1.0\r\nConnection: close\r\n\r\ntext", wantStatus: 411},
		"H22: a result with a query":                    {request: "POST " + result + "?a=b HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400, wantBody: "unknown parameter"},
		"H22: a result with a name":                     {request: "POST " + result + "?name=b HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400, wantBody: "only the URL for files accepts a name"},
		"H22: an event with a query that is malformed":  {request: "POST " + route.Path(route.Event, testKey) + "?%zz HTTP/1.1\r\nHost: x\r\n" + body, wantStatus: 400, wantBody: "cannot be parsed"},
		"a body whose chunks are malformed":             {request: head(route.Result, nil, "Transfer-Encoding: chunked") + "zz\r\n", wantStatus: 400, wantBody: "malformed or ends early"},
	}
	recorder := &fakeRecorder{}
	address := open(t, NewHandler(recorder, Options{}))
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := send(t, address, tt.request)
			if got.status != tt.wantStatus {
				t.Errorf("status: got %d, want %d", got.status, tt.wantStatus)
			}
			if allow := got.header.Get("Allow"); allow != tt.wantAllow {
				t.Errorf("Allow: got %q, want %q", allow, tt.wantAllow)
			}
			if !strings.Contains(got.body, tt.wantBody) {
				t.Errorf("body: got %q, want one with %q", got.body, tt.wantBody)
			}
			if len(got.body) > maxErrorBody || got.header.Get("Location")+got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("answer: got %v, %q", got.header, got.body)
			}
		})
	}
	if calls := recorder.called(); calls != "" {
		t.Errorf("recorder: got %q, want nothing", calls)
	}
}

func TestOddButAccepted(t *testing.T) {
	tests := map[string]struct{ request string }{
		"H10: HTTP/1.0":            {request: "POST " + route.Path(route.Result, testKey) + " HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"},
		"H11: a forwarded address": {request: head(route.Result, nil, "X-Forwarded-For: 9.9.9.9", "Content-Length: 2") + "{}"},
		"H12: another host":        {request: "POST " + route.Path(route.Result, testKey) + " HTTP/1.1\r\nHost: evil\r\nContent-Length: 2\r\n\r\n{}"},
		"H12: a whole URL":         {request: "POST http://evil" + route.Path(route.Result, testKey) + " HTTP/1.1\r\nHost: evil\r\nContent-Length: 2\r\n\r\n{}"},
		"chunks":                   {request: head(route.Result, nil, "Transfer-Encoding: chunked") + "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			recorder := &fakeRecorder{}
			log, logged := logTo()
			got := send(t, open(t, NewHandler(recorder, Options{Log: log})), tt.request)
			if got.status != http.StatusOK {
				t.Errorf("got %d, %q, want 200", got.status, got.body)
			}
			if want := "result of node-1.zone-a at 20261124034200: {}"; recorder.called() != want {
				t.Errorf("recorder: got %q, want %q", recorder.called(), want)
			}
			if everything := fmt.Sprint(got.header, got.body, logged()); strings.Contains(everything, "evil") || strings.Contains(everything, "9.9.9.9") {
				t.Errorf("answer and log: got %q", everything)
			}
		})
	}
}

func TestAuthenticationComesAfterTheKeyAndBeforeTheBody(t *testing.T) {
	denied := Options{Authenticate: func(_ context.Context, key execution.Key, _ string) error {
		if key != testKey {
			return fmt.Errorf("key: got %v", key)
		}
		return fmt.Errorf("token of %s: %w", key.Node, execution.Deny(execution.DeniedMissing))
	}}
	recorder := &fakeRecorder{}
	address := open(t, NewHandler(recorder, denied))
	tests := map[string]struct {
		request    string
		wantStatus int
	}{
		"a path that is malformed":           {request: "POST /report/A/1/result HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", wantStatus: 400},
		"H13: a body that waits to be asked": {request: head(route.Result, nil, "Expect: 100-continue", "Content-Length: 2"), wantStatus: 401},
		"a body that is too large":           {request: head(route.Result, nil, "Content-Length: 1048577"), wantStatus: 401},
		"a body that is compressed":          {request: head(route.Result, nil, "Content-Encoding: gzip", "Content-Length: 2") + "{}", wantStatus: 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := send(t, address, tt.request)
			if got.status != tt.wantStatus || (got.status == 401) != (got.header.Get("WWW-Authenticate") != "") {
				t.Errorf("got %d, %v, want %d", got.status, got.header, tt.wantStatus)
			}
		})
	}
	if calls := recorder.called(); calls != "" {
		t.Errorf("recorder: got %q, want nothing", calls)
	}
}

func TestTheConnectionServesTheNextRequest(t *testing.T) {
	recorder := &fakeRecorder{}
	url := callbackURL(t, open(t, NewHandler(recorder, Options{})), route.Result)
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	for range 3 {
		response, err := client.Post(url, "", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	client.CloseIdleConnections()
	if got := strings.Count(recorder.called(), "result of"); got != 3 {
		t.Errorf("results: got %d, want 3", got)
	}
}

func FuzzRoute(f *testing.F) {
	for _, seed := range []string{route.Path(route.Result, testKey), "/", "", "*", "//report", "/report/../x/result", "/report/a/20261124034200/event/", "/report/\x00/\xff/file", "/t/x/report"} {
		f.Add("POST", seed)
		f.Add("GET", seed)
	}
	h := NewHandler(&fakeRecorder{}, Options{})
	f.Fuzz(func(t *testing.T, method, path string) {
		if got := serveInMemory(h, method, path, "", "{}"); got >= 500 {
			t.Errorf("%q %q: got %d", method, path, got)
		}
	})
}

func serveInMemory(h http.Handler, method, path, contentType, body string) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, &http.Request{
		Method: method,
		URL:    &url.URL{Path: path},
		Header: http.Header{"Content-Type": {contentType}},
		Body:   io.NopCloser(strings.NewReader(body)),

		ContentLength: int64(len(body)),
	})
	return w.Code
}
