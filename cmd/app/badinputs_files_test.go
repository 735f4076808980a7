package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// upload is a file with header lines, to be stored under a name. Without one
// it is not stored.
func upload(kept string, header ...string) badRequest {
	r := badRequest{path: "{task}/file", header: header, body: "text", status: 200}
	if kept != "" {
		r.says = []string{`{"files":["{node}-` + kept + `"]`}
		r.leaves.Files = map[string]string{"-" + kept: "text"}
	}
	return r
}

const (
	formHeader = "Content-Type: multipart/form-data; boundary=x"
	formEnd    = "--x--\r\n"
)

// formPart is a file in a form.
func formPart(name string, header ...string) string {
	lines := append([]string{"--x", `Content-Disposition: form-data; name="file"; filename="` + name + `"`}, header...)
	return strings.Join(lines, "\r\n") + "\r\n\r\ntext\r\n"
}

const formField = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntext\r\n"

func refuseForm(body string, says ...string) badRequest {
	return badRequest{path: "{task}/file", header: []string{formHeader}, body: body, status: 400, says: says}
}

// badFiles are the files themselves, and how they are sent.
func badFiles() badInputs {
	withBody := func(r badRequest, body string) badRequest {
		r.body = body
		return r
	}
	refuse := func(r badRequest, status int, says ...string) badRequest {
		r.status, r.says, r.leaves = status, says, leftovers{}
		return r
	}
	stream := func(size int) badRequest {
		r := refuse(upload(""), 413, "at most 33554432 bytes")
		r.stream = chunks(size, 'x')
		return r
	}
	const most = 32 << 20
	largest := withBody(upload("a", `Content-Disposition: attachment; filename=a`), strings.Repeat("x", most))
	largest.leaves.Files = map[string]string{"-a": strconv.Itoa(most) + " bytes"}
	empty := withBody(upload("a", `Content-Disposition: attachment; filename=a`), "")
	empty.leaves.Files = map[string]string{"-a": ""}
	differ := refuse(upload("", `Content-Disposition: attachment; filename=b.txt`), 400, "a.txt", "in the query", "b.txt", "in the header")
	differ.path = "{task}/file?name=a.txt"
	formIn := withBody(upload("x", formHeader), formPart("../x")+formEnd)
	parts := func(n int) (text string, kept map[string]string) {
		kept = map[string]string{}
		for i := range n {
			text += formPart(strconv.Itoa(i))
			kept["-"+strconv.Itoa(i)] = "text"
		}
		return text + formEnd, kept
	}
	sixteen, seventeen := withBody(upload("0", formHeader), ""), refuseForm("", "at most 16 parts")
	sixteen.isOneOf, sixteen.says = true, []string{`{"files":["{node}-0","{node}-1",`}
	sixteen.body, sixteen.leaves.Files = parts(16)
	seventeen.body, _ = parts(17)
	seventeen.leaves = sixteen.leaves
	afterOne := func(body string, says ...string) badRequest {
		r := refuseForm(body, says...)
		r.leaves.Files = map[string]string{"-a": "text"} // which came before what is wrong
		return r
	}
	query := func(text string, says ...string) badRequest {
		return badRequest{path: "{task}/file?" + text, body: "text", status: 400, says: says}
	}
	coded := func(header string) badRequest {
		r := refuseForm(formPart("a", header)+formEnd, "must")
		r.status = 415
		return r
	}
	cutOff := withBody(refuse(upload("", formHeader, "Content-Length: 1000"), 400, "malformed or ends early"), formPart("a"))
	cutOff.breaksOff = true
	good := keepName("a.txt", "a.txt")
	cut := badRequest{path: "{task}/file?name=a.txt", header: []string{"Content-Length: 1000"}, body: "another text", breaksOff: true, status: 400, says: []string{"ends early"}}
	cut.leaves = good.leaves
	cutOffFile := badRequests{good, cut}
	disposition := func(parameters string) string { return "Content-Disposition: attachment; " + parameters }
	full := withBody(refuse(upload("a"), 507, "the report directory is full"), "text, until "+fullDiskContent+" text")
	return badInputs{
		"F18": {
			"two names":                   generatedName{path: "{task}/file", header: disposition("filename=a; filename=b")},
			"parameters that are nothing": generatedName{path: "{task}/file", header: disposition(";; filename=a")},
			"a space without quotes":      generatedName{path: "{task}/file", header: disposition("filename=a b")},
		},
		"F19": {
			"a path, encoded":   refuse(upload("", disposition("filename*=UTF-8''%2e%2e%2fx")), 400, "without directories"),
			"a path, in pieces": refuse(upload("", disposition(`filename*0="../"; filename*1=x`)), 400, "without directories"),
			"a name, encoded":   upload("a.txt", disposition("filename*=UTF-8''a%2etxt")),
		},
		"F20": {"a name in the query and another in the header": differ},
		"F21": {
			"no boundary":             withBody(refuse(upload("", "Content-Type: multipart/form-data"), 400, "with a boundary"), formPart("a")+formEnd),
			"another boundary":        withBody(refuse(upload("", "Content-Type: multipart/form-data; boundary=y"), 400, "malformed or ends early"), formPart("a")+formEnd),
			"the client breaks off":   cutOff,
			"no end, within the file": refuseForm(strings.TrimSuffix(formPart("a"), "\r\n"), "malformed or ends early"),
		},
		"F22": {
			"nothing":     refuseForm("", "malformed or ends early"),
			"no part":     refuseForm(formEnd, "the form contains no file"),
			"only fields": refuseForm(formField+formEnd, "is not a file, and would be lost"),
		},
		"F23": {
			"16 parts":                             sixteen,
			"17 parts":                             seventeen,
			"65 header lines of a part":            refuseForm(formPart("a", headerLines(64)...)+formEnd, "at most 64 header lines"),
			"a header line of 1 MiB, of a part":    refuseForm(formPart("a", "X: "+strings.Repeat("x", 1<<20))+formEnd, "must not exceed 65536 bytes"),
			"1 MiB of lines before the first part": refuseForm(strings.Repeat(strings.Repeat("x", 98)+"\r\n", 1<<20/100)+formPart("a")+formEnd, "must not exceed 65536 bytes"),
		},
		"F24": {
			"a part with a path":            formIn,
			"a part with a path of Windows": withBody(refuse(upload("", formHeader), 400, "without directories"), formPart(`..\\x`)+formEnd),
		},
		"F25": {
			"32 MiB":                largest,
			"32 MiB and a byte":     stream(most + 1),
			"the client breaks off": cutOffFile,
			"1 GiB, announced":      refuse(upload("", "Content-Length: 1073741824"), 413, "at most 33554432 bytes"),
			"chunks without end": func() badRequest {
				r := stream(0)
				r.stream = endlessChunks{}
				return r
			}(),
		},
		"F26": {"no bytes": empty},
		"F27": {
			"the 65th file":         tooManyFiles(),
			"too many bytes in all": tooManyBytes(),
		},
		"F28": {"a link where the file goes": plantedLink{}},
		"F29": {
			"HTML":       shownFile("a.html", "<script>alert(1)</script>"),
			"SVG":        shownFile("a.svg", `<svg onload="alert(1)"/>`),
			"JavaScript": shownFile("a.js", "alert(1)"),
		},
		"F30": {
			"the head of an archive": withBody(storing("PK\x03\x04\x14\x00../x", "a.zip"), "PK\x03\x04\x14\x00../x"),
			"a tar with a path":      withBody(storing("../x\x00\x00\x000000644", "a.tar"), "../x\x00\x00\x000000644"),
		},
		"F31": {
			"gzip":           refuse(upload("", "Content-Encoding: gzip"), 415, "must not be compressed"),
			"br":             refuse(upload("", "Content-Encoding: br"), 415, "must not be compressed"),
			"zstd":           refuse(upload("", "Content-Encoding: zstd"), 415, "must not be compressed"),
			"gzip in secret": withBody(storing("\x1f\x8b\x08", "a.gz"), "\x1f\x8b\x08"),
		},
		"F33": {
			"an ampersand":        query("name=a&b.log", "unknown parameter", "b.log", "%26"),
			"a semicolon":         query("name=a;b.log", "semicolon"),
			"a percent sign":      query("name=100%.log", "percent-encoded"),
			"another parameter":   query("filename=a", "unknown parameter", "filename"),
			"the parameter twice": query("name=a&name=b", "has 2 names"),
		},
		"F34": {
			"base64":           coded("Content-Transfer-Encoding: base64"),
			"quoted-printable": coded("Content-Transfer-Encoding: quoted-printable"),
			"compressed":       coded("Content-Encoding: gzip"),
		},
		"F35": {
			"behind it":      afterOne(formPart("a")+formEnd+"more", "after its end"),
			"a second one":   afterOne(formPart("a")+formEnd+formPart("b")+formEnd, "after its end"),
			"in front of it": afterOne("more\r\n"+formPart("a")+formEnd, "before its first part"),
			"no end":         afterOne(formPart("a")+"--x\r\n", "malformed or ends early"),
		},
		"F36": {"a name twice": afterOne(formPart("a")+formPart("a")+formEnd, "occurs twice")},
		"F37": {"a field": afterOne(formPart("a")+formField+formEnd, "is not a file, and would be lost")},
		"F32": {
			"a file":   full,
			"a result": badRequest{body: `{"test":[{"value":1,"labels":{"label":"` + fullDiskContent + `"}}]}`, status: 507, says: []string{"the report directory is full"}},
		},
	}
}

// tooManyFiles are as many files as a node may have, and another one.
func tooManyFiles() badRequests {
	kept := map[string]string{}
	var all badRequests
	for i := range 64 {
		name := fmt.Sprintf("%d.txt", i)
		r := keepName(name, name)
		kept["-"+name] = "text"
		r.isOneOf = true
		all = append(all, r)
	}
	more := refuseName("64.txt", 403, "limit reached", "filesPerTask")
	again := keepName("0.txt", "0.txt")
	more.leaves.Files, again.leaves.Files = kept, kept
	return append(all, more, again)
}

// tooManyBytes are almost as many bytes as a node may have, and too many more.
// It may have less here than it does by default: under the race detector bytes
// are dear.
func tooManyBytes() badRequests {
	first := keepName("a.txt", "a.txt")
	first.body = strings.Repeat("x", 32<<20)
	first.leaves.Files = map[string]string{"-a.txt": "33554432 bytes"}
	more := refuseName("b.txt", 413, "bytesPerTask")
	more.body, more.leaves = strings.Repeat("x", 1<<20+1), first.leaves
	return badRequests{first, more}
}

// storing is a file that is stored as it is.
func storing(content, name string) badRequest {
	r := upload(name, "Content-Disposition: attachment; filename="+name)
	r.leaves.Files = map[string]string{"-" + name: content}
	return r
}

// shownFile is stored, and to a browser it is nothing to run.
func shownFile(name, content string) badRequests {
	r := storing(content, name)
	r.body = content
	return badRequests{r, {
		toReports: true, method: "GET", path: "/{execution}/{node}-" + name,
		status: 200, leaves: r.leaves,
		says: []string{content, "Content-Disposition: attachment", "Content-Type: application/octet-stream", "X-Content-Type-Options: nosniff", "Content-Security-Policy: sandbox"},
	}}
}

func headerLines(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = "X-" + strconv.Itoa(i) + ": x"
	}
	return lines
}

// chunks is a body of so many bytes in chunked encoding.
func chunks(size int, filler byte) io.Reader {
	text := strings.Repeat(string(filler), size)
	return strings.NewReader(strconv.FormatInt(int64(size), 16) + "\r\n" + text + "\r\n0\r\n\r\n")
}

// endlessChunks is a body that does not end.
type endlessChunks struct{}

func (endlessChunks) Read(p []byte) (int, error) {
	size := len(p) - len("ffffff\r\n\r\n")
	chunk := strconv.FormatInt(int64(size), 16) + "\r\n" + strings.Repeat("x", size) + "\r\n"
	return copy(p, chunk), nil
}

// generatedName is a file without a name of its own.
type generatedName struct{ path, header string }

func (g generatedName) check(t *testing.T, s *badServer, node string) {
	t.Helper()
	r := badRequest{path: g.path, header: []string{"Content-Type: text/plain"}, body: "text"}
	if g.header != "" {
		r.header = append(r.header, g.header)
	}
	head, body := r.send(t, s, node)
	want := regexp.MustCompile(`^\{"files":\["` + node + `-([0-9a-f-]{36}\.txt)"\]\}\s*$`).FindStringSubmatch(body)
	if want == nil {
		t.Fatalf("answer: want a UUID as name, got %s%s", head, body)
	}
	if diff := gocmp.Diff(leftovers{Files: map[string]string{"-" + want[1]: "text"}}.filled(s, node), s.leftoversOf(t, node), equateEmpty()); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

// plantedLink is a file whose name is that of a link out of the directory.
type plantedLink struct{}

func (plantedLink) check(t *testing.T, s *badServer, node string) {
	t.Helper()
	target := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(s.directory, string(s.execution), node+"-a.txt")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	keepName("a.txt", "a.txt").check(t, s, node)
	if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the link is still there: %v, %v", info, err)
	}
	if content, err := os.ReadFile(target); string(content) != "precious" {
		t.Errorf("the link's target: got %q, %v", content, err)
	}
}
