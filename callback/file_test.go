package callback

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

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

// zeros is a body of n bytes that is not held in memory.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// part returns one part of a form, with the boundary before it.
func part(header, content string) string {
	return "--x\r\n" + strings.ReplaceAll(header, "\n", "\r\n") + "\r\n\r\n" + content + "\r\n"
}

func fileField(name, content string) string {
	return part(fmt.Sprintf("Content-Disposition: form-data; name=\"f\"; filename=\"%s\"\nContent-Type: text/plain; charset=utf-8", name), content)
}

const (
	field   = "Content-Disposition: form-data; name=\"a\""
	endForm = "--x--\r\n"
)

func TestUploads(t *testing.T) {
	form := http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}
	named := func(disposition string) http.Header {
		return http.Header{"Content-Disposition": {disposition}, "Content-Type": {"text/plain; charset=utf-8"}}
	}
	tests := map[string]struct {
		query  string
		header http.Header
		body   io.Reader

		wantStatus int
		wantBody   string
		wantCalls  string
	}{
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
		"F21: a form without a boundary": {
			header: http.Header{"Content-Type": {"multipart/form-data"}}, body: strings.NewReader("text"),
			wantStatus: 400, wantBody: `{"error":"must be multipart/form-data with a boundary","path":"Content-Type"}`,
		},
		"F21: a form with a malformed boundary": {
			header: http.Header{"Content-Type": {"multipart/form-data; boundary"}}, body: strings.NewReader("text"),
			wantStatus: 400,
		},
		"F21: a form with another boundary": {
			header: http.Header{"Content-Type": {"multipart/form-data; boundary=y"}}, body: strings.NewReader(fileField("a", "text") + endForm),
			wantStatus: 400, wantBody: `{"error":"the form is malformed or ends early"}`,
		},
		"F21: a file that ends early": {
			header: form, body: strings.NewReader(strings.TrimSuffix(fileField("a", "text"), "\r\n")),
			wantStatus: 400, wantBody: `{"error":"the form is malformed or ends early"}`,
		},
		"F34: a part that is quoted-printable": {
			header: form, body: strings.NewReader(part("Content-Disposition: form-data; name=f; filename=a\nContent-Transfer-Encoding: quoted-printable", "=41") + endForm),
			wantStatus: 415, wantBody: `{"error":"unsupported media type: a part must be sent unencoded (binary), not as \"quoted-printable\""}`,
		},
		"F34: a part in base64": {
			header: form, body: strings.NewReader(part("Content-Disposition: form-data; name=f; filename=a\nContent-Transfer-Encoding: BASE64", "dGV4dA==") + endForm),
			wantStatus: 415, wantBody: `{"error":"unsupported media type: a part must be sent unencoded (binary), not as \"BASE64\""}`,
		},
		"a part that says it is sent as it is": {
			header: form, body: strings.NewReader(part("Content-Disposition: form-data; name=f; filename=a\nContent-Transfer-Encoding: Binary", "=41") + endForm),
			wantStatus: 200, wantCalls: `file "a" (): =41`,
		},
		"F34: a part that is compressed": {
			header: form, body: strings.NewReader(part("Content-Disposition: form-data; name=f; filename=a\nContent-Encoding: gzip", "text") + endForm),
			wantStatus: 415, wantBody: `{"error":"unsupported media type: a part must not be compressed"}`,
		},
		"F21: a form whose end is missing behind a whole file": {
			header: form, body: strings.NewReader(fileField("a", "text") + "--x\r\n"),
			wantStatus: 400, wantBody: `{"error":"the form is malformed or ends early"}`, wantCalls: `file "a" (text/plain): text`,
		},
		"F35: something behind the form, in its last line": {
			header: form, body: strings.NewReader(fileField("a", "text") + "--x--\r\nmore"),
			wantStatus: 400, wantBody: `{"error":"the form has data after its end: must end with the boundary"}`, wantCalls: `file "a" (text/plain): text`,
		},
		"F35: another form behind the form": {
			header: form, body: strings.NewReader(fileField("a", "text") + endForm + fileField("b", "text") + endForm),
			wantStatus: 400, wantBody: `{"error":"the form has data after its end: must end with the boundary"}`, wantCalls: `file "a" (text/plain): text`,
		},
		"F35: something far behind the form": {
			header: form, body: strings.NewReader(fileField("a", "text") + endForm + strings.Repeat("\r\n", 20000) + "more"),
			wantStatus: 400, wantBody: `{"error":"the form has data after its end: must end with the boundary"}`, wantCalls: `file "a" (text/plain): text`,
		},
		"F35: something in front of the form": {
			header: form, body: strings.NewReader("more\r\n" + fileField("a", "text") + endForm),
			wantStatus: 400, wantBody: `{"error":"the form has data before its first part: must begin with the boundary"}`, wantCalls: `file "a" (text/plain): text`,
		},
		"empty lines around a form": {
			header: form, body: strings.NewReader("\r\n" + fileField("a", "text") + endForm + "\r\n"),
			wantStatus: 200, wantCalls: `file "a" (text/plain): text`,
		},
		"a form of bare line feeds": {
			header: form, body: strings.NewReader(strings.ReplaceAll(fileField("a", "text")+endForm, "\r", "")),
			wantStatus: 200, wantCalls: `file "a" (text/plain): text`,
		},
		"a file with lines that look like the end": {
			header: form, body: strings.NewReader(fileField("a", "--x-\r\n--y--") + endForm),
			wantStatus: 200, wantCalls: "file \"a\" (text/plain): --x-\r\n--y--",
		},
		"F36: a name twice": {
			header: form, body: strings.NewReader(fileField("a", "one") + fileField("a", "two") + endForm),
			wantStatus: 400, wantBody: `{"error":"\"a\" occurs twice in the form: use different names, or separate requests","path":"name"}`, wantCalls: `file "a" (text/plain): one`,
		},
		"F36: the name of the query again": {
			query: "?name=b", header: form, body: strings.NewReader(fileField("a", "one") + fileField("b", "two") + endForm),
			wantStatus: 400, wantBody: `{"error":"\"b\" occurs twice in the form: use different names, or separate requests","path":"name"}`, wantCalls: `file "b" (text/plain): one`,
		},
		"two files without a name": {
			header: form, body: strings.NewReader(part("Content-Type: image/png", "one") + part("Content-Type: image/png", "two") + endForm),
			wantStatus: 200, wantCalls: "file \"\" (image/png): one\nfile \"\" (image/png): two",
		},
		"F37: a field beside a file": {
			header: form, body: strings.NewReader(part(field, "text") + fileField("a", "one") + endForm),
			wantStatus: 400, wantBody: `{"error":"the field \"a\" is not a file, and would be lost: send it as a file (curl -F a=@\u003cpath\u003e), or omit it","path":"form"}`,
		},
		"F22: nothing": {
			header: form, body: strings.NewReader(""),
			wantStatus: 400,
		},
		"F22: no part": {
			header: form, body: strings.NewReader(endForm),
			wantStatus: 400, wantBody: `{"error":"the form contains no file"}`,
		},
		"F22: only fields": {
			header: form, body: strings.NewReader(part(field, "text") + part(field, "text") + endForm),
			wantStatus: 400, wantBody: `{"error":"the field \"a\" is not a file, and would be lost: send it as a file (curl -F a=@\u003cpath\u003e), or omit it","path":"form"}`,
		},
		"F23: 16 parts": {
			header: form, body: strings.NewReader(strings.Repeat(part("Content-Type: image/png", "x"), 16) + endForm),
			wantStatus: 200, wantCalls: strings.TrimSuffix(strings.Repeat("file \"\" (image/png): x\n", 16), "\n"),
		},
		"F23: 17 parts": {
			header: form, body: strings.NewReader(strings.Repeat(part("Content-Type: image/png", "x"), 17) + endForm),
			wantStatus: 400, wantBody: `{"error":"the form must have at most 16 parts"}`,
			wantCalls: strings.TrimSuffix(strings.Repeat("file \"\" (image/png): x\n", 16), "\n"),
		},
		"F23: 65 header lines in a part": {
			header: form, body: strings.NewReader(part(field+strings.Repeat("\nX: x", 64), "text") + endForm),
			wantStatus: 400, wantBody: `{"error":"a part must have at most 64 header lines"}`,
		},
		"F23: a header line of 1 MiB in a part": {
			header: form, body: strings.NewReader(part(field+"\nX: "+strings.Repeat("x", 1<<20), "text") + endForm),
			wantStatus: 400, wantBody: `{"error":"the headers of a part must not exceed 65536 bytes"}`,
		},
		"F23: 1 MiB before the first part": {
			header: form, body: strings.NewReader(strings.Repeat("x\r\n", 1<<18) + fileField("a", "text") + endForm),
			wantStatus: 400, wantBody: `{"error":"the headers of a part must not exceed 65536 bytes"}`,
		},
		"F24: of a part's name only the base counts": {
			header: form, body: strings.NewReader(fileField("../../x", "text") + endForm),
			wantStatus: 200, wantCalls: `file "x" (text/plain): text`,
		},
		"several files": {
			header: form, body: strings.NewReader(fileField("a", "one") + fileField("b", "two") + endForm),
			wantStatus: 200, wantBody: `{"files":["node-1.zone-a-a","node-1.zone-a-b"]}`,
			wantCalls: "file \"a\" (text/plain): one\nfile \"b\" (text/plain): two",
		},
		"the query names the first of several files": {
			query: "?name=q", header: form, body: strings.NewReader(fileField("a", "one") + fileField("b", "two") + endForm),
			wantStatus: 200, wantCalls: "file \"q\" (text/plain): one\nfile \"b\" (text/plain): two",
		},
		"a part whose disposition is malformed may be a file": {
			header: form, body: strings.NewReader(part("Content-Disposition: form-data; name=f; filename=a b", "text") + endForm),
			wantStatus: 200, wantCalls: `file "" (): text`,
		},
		"a part without a disposition may be a file": {
			header: form, body: strings.NewReader(part("Content-Type: image/png", "text") + endForm),
			wantStatus: 200, wantCalls: `file "" (image/png): text`,
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
		"F25: a part of 32 MiB": {
			header: form, body: io.MultiReader(strings.NewReader(strings.TrimSuffix(fileField("a", ""), "\r\n")), zeros(32<<20), strings.NewReader("\r\n"+endForm)),
			wantStatus: 200, wantCalls: `file "a" (text/plain): 33554432 bytes`,
		},
		"F25: a part of 32 MiB and a byte": {
			header: form, body: io.MultiReader(strings.NewReader(strings.TrimSuffix(fileField("a", ""), "\r\n")), zeros(32<<20+1), strings.NewReader("\r\n"+endForm)),
			wantStatus: 413, wantBody: `{"error":"the body is too large: at most 33554432 bytes"}`,
		},
		"F25: a form that is too large": {
			header: form, body: io.MultiReader(
				strings.NewReader(strings.TrimSuffix(fileField("a", ""), "\r\n")), zeros(32<<20),
				strings.NewReader("\r\n"+strings.TrimSuffix(fileField("b", ""), "\r\n")), zeros(32<<20), strings.NewReader("\r\n"+endForm)),
			wantStatus: 413, wantBody: `{"error":"the body is too large: at most 67108864 bytes"}`, wantCalls: `file "a" (text/plain): 33554432 bytes`,
		},
		"F26: an empty file": {
			query: "?name=a", body: strings.NewReader(""),
			wantStatus: 200, wantCalls: `file "a" (): `,
		},
		"F26: an empty part": {
			header: form, body: strings.NewReader(fileField("a", "") + endForm),
			wantStatus: 200, wantCalls: `file "a" (text/plain): `,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			recorder := &fakeRecorder{}
			log, logged := logTo()
			got := post(t, callbackURL(t, open(t, NewHandler(recorder, Options{Log: log})), route.File)+tt.query, tt.header, tt.body)
			if got.status != tt.wantStatus {
				t.Errorf("status: got %d, %q, want %d", got.status, got.body, tt.wantStatus)
			}
			if tt.wantBody != "" && strings.TrimSpace(got.body) != tt.wantBody {
				t.Errorf("body: got %s, want %s", got.body, tt.wantBody)
			}
			if calls := recorder.called(); calls != tt.wantCalls {
				t.Errorf("recorder: got %s, want %s", calls, tt.wantCalls)
			}
			if strings.Contains(logged(), "level=ERROR") {
				t.Errorf("log: got %s", logged())
			}
		})
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

func FuzzMultipart(f *testing.F) {
	f.Add("multipart/form-data; boundary=x", fileField("a", "text")+endForm)
	f.Add("multipart/form-data; boundary=x", part(field, "text")+endForm)
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=f; filename*0*=UTF-8''%ff\r\n\r\n")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=zz\r\n--x--")
	f.Add("multipart/form-data; boundary=\"\"", "")
	f.Add("text/plain", "")
	h := NewHandler(&fakeRecorder{}, Options{Limits: Limits{File: 64, Upload: 4096}})
	f.Fuzz(func(t *testing.T, contentType, body string) {
		if got := serveInMemory(h, http.MethodPost, route.Path(route.File, testKey), contentType, body); got >= 500 {
			t.Errorf("%q, %q: got %d", contentType, body, got)
		}
	})
}
