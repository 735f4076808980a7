package callback

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

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

func TestFormUploads(t *testing.T) {
	form := http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}
	tests := map[string]upload{
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
		"F26: an empty part": {
			header: form, body: strings.NewReader(fileField("a", "") + endForm),
			wantStatus: 200, wantCalls: `file "a" (text/plain): `,
		},
	}
	for name, tt := range tests {
		t.Run(name, tt.run)
	}
}
