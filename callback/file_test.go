package callback

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// zeros is a body of n bytes that needs no memory.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// upload is an upload and its expected outcome.
type upload struct {
	query  string
	header http.Header
	body   io.Reader

	wantStatus int
	wantBody   string // empty: any
	wantCalls  string // of the recorder
}

func (u upload) run(t *testing.T) {
	recorder := &fakeRecorder{}
	log, logged := logTo()
	got := post(t, callbackURL(t, open(t, NewHandler(recorder, Options{Log: log})), route.File)+u.query, u.header, u.body)
	if got.status != u.wantStatus {
		t.Errorf("status: got %d, %q, want %d", got.status, got.body, u.wantStatus)
	}
	if u.wantBody != "" && strings.TrimSpace(got.body) != u.wantBody {
		t.Errorf("body: got %s, want %s", got.body, u.wantBody)
	}
	if calls := recorder.called(); calls != u.wantCalls {
		t.Errorf("recorder: got %s, want %s", calls, u.wantCalls)
	}
	if strings.Contains(logged(), "level=ERROR") {
		t.Errorf("log: got %s", logged())
	}
}

func TestUploads(t *testing.T) {
	named := func(disposition string) http.Header {
		return http.Header{"Content-Disposition": {disposition}, "Content-Type": {"text/plain; charset=utf-8"}}
	}
	tests := map[string]upload{
		"a name in the query": {
			query: "?name=report.txt", header: http.Header{"Content-Type": {"application/octet-stream"}}, body: strings.NewReader("text"),
			wantStatus: 200, wantBody: `{"files":["node-1.zone-a-report.txt"]}`,
			wantCalls: `file "report.txt" (application/octet-stream): text`,
		},
		"a name in the header": {
			header: named(`attachment; filename="report.txt"`), body: strings.NewReader("text"),
			wantStatus: 200, wantBody: `{"files":["node-1.zone-a-report.txt"]}`,
			wantCalls: `file "report.txt" (text/plain): text`,
		},
		"F13: no name": {
			body:       strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "" (): text`,
		},
		"a result without a name": {
			body:       strings.NewReader(`{"disk": [{"value": 1}]}`),
			wantStatus: 200, wantBody: `{"files":["node-1.zone-a-"],"hint":"this looks like a result, and was stored as a file: send results to the URL in CALLBACK_SERVICE_RESULT_URL"}`,
			wantCalls: `file "" (): {"disk": [{"value": 1}]}`,
		},
		"an event without a name": {
			body:       strings.NewReader(`{"reason":"R","message":"m"}`),
			wantStatus: 200, wantBody: `{"files":["node-1.zone-a-"],"hint":"this looks like an event, and was stored as a file: send events to the URL in CALLBACK_SERVICE_EVENT_URL"}`,
			wantCalls: `file "" (): {"reason":"R","message":"m"}`,
		},
		"a result with a name is a file": {
			query: "?name=a.json", body: strings.NewReader(`{"disk": [{"value": 1}]}`),
			wantStatus: 200, wantBody: `{"files":["node-1.zone-a-a.json"]}`, wantCalls: `file "a.json" (): {"disk": [{"value": 1}]}`,
		},
		"F13: an empty name": {
			query: "?name=", body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "" (): text`,
		},
		"F2: a name is decoded once": {
			query: "?name=%252e%252e%252fx", body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "%2e%2e%2fx" (): text`,
		},
		"F1: whether a name is good is the recorder's to judge": {
			query: "?name=../x", body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "../x" (): text`,
		},
		"F18: a header with two names is none": {
			header: named(`attachment; filename="a"; filename="b"`), body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "" (text/plain): text`,
		},
		"F18: a header with empty parameters is none": {
			header: named(`attachment; filename=a;;`), body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "" (text/plain): text`,
		},
		"F18: a header with a space that is not quoted is none": {
			header: named(`attachment; filename=a b.txt`), body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "" (text/plain): text`,
		},
		"F19: an encoded name in the header is decoded": {
			header: named(`attachment; filename*=UTF-8''%2e%2e%2fx`), body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "../x" (text/plain): text`,
		},
		"F19: a name in pieces is put together": {
			header: named(`attachment; filename*0="a"; filename*1="b.txt"`), body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "ab.txt" (text/plain): text`,
		},
		"F20: the query and the header differ": {
			query: "?name=query.txt", header: named(`attachment; filename="header.txt"`), body: strings.NewReader("text"),
			wantStatus: 400, wantBody: `{"error":"is \"query.txt\" in the query and \"header.txt\" in the header Content-Disposition: set only one of them","path":"name"}`,
		},
		"the query and the header agree": {
			query: "?name=a.txt", header: named(`attachment; filename="a.txt"`), body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "a.txt" (text/plain): text`,
		},
		"F33: an ampersand that is not encoded": {
			query: "?name=a&b.log", body: strings.NewReader("text"),
			wantStatus: 400, wantBody: `{"error":"has the unknown parameter \"b.log\": omit it: the only parameter is name; in a name, write \u0026 as %26","path":"query"}`,
		},
		"F33: a semicolon that is not encoded": {
			query: "?name=a;b.log", body: strings.NewReader("text"),
			wantStatus: 400, wantBody: `{"error":"cannot be parsed (invalid semicolon separator in query): must be name=\u003cname\u003e, with percent-encoded %, \u0026, ;, + and spaces","path":"query"}`,
		},
		"F33: a percent sign that is not encoded": {
			query: "?name=100%.log", body: strings.NewReader("text"),
			wantStatus: 400, wantBody: `{"error":"cannot be parsed (invalid URL escape \"%.l\"): must be name=\u003cname\u003e, with percent-encoded %, \u0026, ;, + and spaces","path":"query"}`,
		},
		"F33: two names": {
			query: "?name=a&name=a", body: strings.NewReader("text"),
			wantStatus: 400, wantBody: `{"error":"has 2 names: must have one","path":"query"}`,
		},
		"F33: another parameter": {
			query: "?filename=a", body: strings.NewReader("text"),
			wantStatus: 400, wantBody: `{"error":"has the unknown parameter \"filename\": omit it: the only parameter is name; in a name, write \u0026 as %26","path":"query"}`,
		},
		"an ampersand that is encoded": {
			query: "?name=a%26b.log", body: strings.NewReader("text"),
			wantStatus: 200, wantCalls: `file "a&b.log" (): text`,
		},
		"parts that are no form are one file": {
			header: http.Header{"Content-Type": {"multipart/mixed; boundary=x"}}, body: strings.NewReader(endForm),
			wantStatus: 200, wantCalls: "file \"\" (multipart/mixed): " + endForm,
		},
		"F25: 32 MiB": {
			query: "?name=a", body: zeros(32 << 20),
			wantStatus: 200, wantCalls: `file "a" (): 33554432 bytes`,
		},
		"F25: 32 MiB and a byte": {
			query: "?name=a", body: zeros(32<<20 + 1),
			wantStatus: 413, wantBody: `{"error":"the body is too large: at most 33554432 bytes"}`,
		},
		"F26: an empty file": {
			query: "?name=a", body: strings.NewReader(""),
			wantStatus: 200, wantCalls: `file "a" (): `,
		},
	}
	for name, tt := range tests {
		t.Run(name, tt.run)
	}
}

func TestEndlessChunksEnd(t *testing.T) {
	address := open(t, NewHandler(&fakeRecorder{}, Options{Limits: Limits{File: 1 << 20}}))
	chunk := "10000\r\n" + strings.Repeat("x", 1<<16) + "\r\n"
	got := send(t, address, head(route.File, nil, "Transfer-Encoding: chunked")+strings.Repeat(chunk, 32))
	if got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d, want 413", got.status)
	}
}

func TestABrokenBodyIsTheClientsWhateverTheRecorderMakesOfIt(t *testing.T) {
	tests := map[string]struct{ wrap func(error) error }{
		"it wraps the error":   {wrap: func(err error) error { return fmt.Errorf("store: %w", err) }},
		"it hides the error":   {wrap: func(error) error { return errors.New("store") }},
		"it forgets the error": {wrap: func(error) error { return nil }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log, logged := logTo()
			address := open(t, NewHandler(&fakeRecorder{wrap: tt.wrap}, Options{Log: log}))
			got := send(t, address, head(route.File, nil, "Transfer-Encoding: chunked")+"5\r\nhello\r\nzz\r\n")
			if got.status != http.StatusBadRequest {
				t.Errorf("got %d, %q, want 400", got.status, got.body)
			}
			if strings.Contains(logged(), "level=ERROR") {
				t.Errorf("log: got %q, want no error of ours", logged())
			}
		})
	}
}
