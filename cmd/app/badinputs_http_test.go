package app

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// raw is a request as it is. Without lines it has a good body.
func raw(first string, status int, lines ...string) badRequest {
	if len(lines) == 0 {
		lines = []string{"Content-Length: 0", "", ""}
	}
	return badRequest{raw: first + "\r\n" + strings.Join(append([]string{"Host: bad"}, lines...), "\r\n"), status: status}
}

const smallResult = `{"other":[{"value":1}]}`

// taken is a request that has to be good in spite of something in it.
func taken(r badRequest) badRequest {
	r.status = 200
	r.leaves = leftovers{Files: map[string]string{".json": smallResult}, Values: map[string]string{"other ": "1"}}
	return r
}

// page is a request to the reports.
func page(path string, status int, header ...string) badRequest {
	return badRequest{toReports: true, method: "GET", path: path, header: header, status: status}
}

// badHTTP is what requests are made of.
func badHTTP() badInputs {
	says := func(r badRequest, texts ...string) badRequest {
		r.says = append(r.says, texts...)
		return r
	}
	saysNot := func(r badRequest, texts ...string) badRequest {
		r.saysNot = append(r.saysNot, texts...)
		return r
	}
	methods := map[string]badInput{}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "post"} {
		methods[method] = badRequest{method: method, status: 405, says: []string{"Allow: POST"}}
	}
	withLength := func(lines ...string) badRequest {
		return raw("POST {task}/result HTTP/1.1", 400, append(lines, "", smallResult)...)
	}
	chunkedToo := taken(raw("POST {task}/result HTTP/1.1", 0,
		"Content-Length: 5", "Transfer-Encoding: chunked", "", "17", smallResult, "0", "", ""))
	old := taken(raw("POST {task}/result HTTP/1.0", 0, fmt.Sprintf("Content-Length: %d", len(smallResult)), "", smallResult))
	spoofed := taken(badRequest{body: smallResult, header: []string{"X-Forwarded-For: 203.0.113.9", "X-Real-Ip: 203.0.113.9", "Forwarded: for=203.0.113.9"}})
	evil := taken(raw("POST {task}/result HTTP/1.1", 0, "X-Forwarded-Host: evil.example.com", fmt.Sprintf("Content-Length: %d", len(smallResult)), "", smallResult))
	evil.raw = strings.Replace(evil.raw, "Host: bad", "Host: evil.example.com", 1)
	moved := saysNot(says(page("/{execution}", 301), "Location: {execution}/"), "evil.example.com")
	moved.raw = "GET /{execution} HTTP/1.1\r\nHost: evil.example.com\r\n\r\n"
	return badInputs{
		"H1": methods,
		"H7": {
			"a header of 17 KiB": badRequest{body: smallResult, header: []string{"X: " + strings.Repeat("x", 17<<10)}, status: 431},
			"1000 header lines":  badRequest{body: smallResult, header: headerLines(1000), status: 431},
			"65 header lines":    badRequest{body: smallResult, header: headerLines(65), status: 431, says: []string{"at most 64 lines"}},
		},
		"H8": {
			"two lengths":           withLength("Content-Length: 23", "Content-Length: 5"),
			"a negative length":     withLength("Content-Length: -1"),
			"a huge length":         withLength("Content-Length: 99999999999999999999"),
			"a length of letters":   withLength("Content-Length: x"),
			"a length and chunks":   chunkedToo,
			"a line that is folded": withLength("X: a", " b", "Content-Length: x"),
		},
		"H21": {
			"a result of HTTP/1.0": raw("POST {task}/result HTTP/1.0", 411, "", smallResult),
			"a file of HTTP/1.0":   raw("POST {task}/file?name=a HTTP/1.0", 411, "", "text"),
			"a file":               raw("POST {task}/file?name=a HTTP/1.1", 411, "Connection: close", "", "text"),
		},
		"H22": {
			"of a result":               badRequest{path: "{task}/result?a=b", body: smallResult, status: 400, says: []string{"unknown parameter"}},
			"of a result, with a name":  badRequest{path: "{task}/result?name=b", body: smallResult, status: 400, says: []string{"only the URL for files accepts a name"}},
			"of an event":               badRequest{path: "{task}/event?a=b", body: `{"reason":"R","message":"m"}`, status: 400, says: []string{"unknown parameter"}},
			"of a result, not readable": badRequest{path: "{task}/result?%zz", body: smallResult, status: 400, says: []string{"cannot be parsed"}},
		},
		"H9": {
			"compressed and in chunks": raw("POST {task}/result HTTP/1.1", 501, "Transfer-Encoding: gzip, chunked", "", ""),
			"compressed":               raw("POST {task}/result HTTP/1.1", 501, "Transfer-Encoding: gzip", "", ""),
		},
		"H10": {
			"HTTP/1.0":              old,
			"HTTP/0.9":              badRequest{raw: "GET /\r\n\r\n", status: 400},
			"HTTP/3.0":              raw("POST {task}/result HTTP/3.0", 505),
			"the preface of HTTP/2": badRequest{raw: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 404, says: []string{"no such path"}},
			"no Host":               badRequest{raw: "POST {task}/result HTTP/1.1\r\nContent-Length: 0\r\n\r\n", status: 400},
			"a TLS client":          badRequest{raw: "\x16\x03\x01\x00\x05hello\r\n\r\n", status: 400},
		},
		"H11": {
			"an address that is made up":        spoofed,
			"another made-up address each time": badFlood{from: "127.0.0.11", spoofs: true},
		},
		"H12": {
			"to report":           saysNot(evil, "evil.example.com"),
			"where a page is now": moved,
		},
		"H13": {
			"a bad token": says(raw("POST /t/v1.bad{plain}/result HTTP/1.1", 401, "Expect: 100-continue", "Content-Length: 23", "", ""), "Www-Authenticate: Bearer"),
			"no token":    raw("POST {plain}/result HTTP/1.1", 401, "Expect: 100-continue", "Content-Length: 23", "", ""),
		},
		"H14": {"25 bad tokens at once": badFlood{from: "127.0.0.14"}},
		"H15": {
			"TLS 1.0":    tlsPort{version: tls.VersionTLS10},
			"TLS 1.1":    tlsPort{version: tls.VersionTLS11},
			"TLS 1.2":    tlsPort{version: tls.VersionTLS12, taken: true},
			"plain HTTP": tlsPort{},
		},
		"H16": {"ranges and conditions of a file": badRequests{
			storing("0123456789", "a.txt").withBody("0123456789"),
			shownRange("Range: bytes=0-1", 206, "Content-Range: bytes 0-1/10", "01"),
			shownRange("Range: bytes=99-", 416, "Content-Range: bytes */10"),
			shownRange("Range: bytes="+strings.TrimSuffix(strings.Repeat("0-9,", 100), ","), 200, "0123456789"),
			shownRange("Range: bytes=9-0", 416),
			shownRange("If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT", 304),
			shownRange("If-Match: \"x\"", 412),
		}},
		"H18": {
			"HEAD":                  badRequest{toReports: true, method: "HEAD", path: "/", status: 200, says: []string{"Cache-Control: no-store"}, saysNot: []string{"<html"}},
			"OPTIONS":               badRequest{toReports: true, method: "OPTIONS", path: "/", status: 405, says: []string{"Allow: GET, HEAD"}},
			"preflight":             saysNot(badRequest{method: "OPTIONS", header: []string{"Origin: https://evil.example.com", "Access-Control-Request-Method: POST"}, status: 405}, "Access-Control"),
			"a page from elsewhere": saysNot(page("/", 200, "Origin: https://evil.example.com"), "Access-Control"),
		},
		"H19": {
			"to a callback":  badRequest{method: "GET", header: webSocket(), status: 405},
			"to the reports": saysNot(page("/ws", 404, webSocket()...), "Upgrade"),
		},
	}
}

func webSocket() []string {
	return []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="}
}

func (r badRequest) withBody(body string) badRequest {
	r.body = body
	return r
}

// shownRange asks for a part of a file that is there.
func shownRange(header string, status int, says ...string) badRequest {
	r := page("/{execution}/{node}-a.txt", status, header)
	r.says = says
	r.leaves.Files = map[string]string{"-a.txt": "0123456789"}
	return r
}

// badFlood is many requests with a bad token, from one address.
type badFlood struct {
	from   string
	spoofs bool
}

func (f badFlood) check(t *testing.T, s *badServer, node string) {
	t.Helper()
	limited := 0
	for i := range 60 { // they may fall into two seconds
		r := badRequest{path: "/t/v1.bad{plain}/result", body: smallResult, from: f.from}
		if f.spoofs {
			r.header = []string{fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", i)}
		}
		head, body := r.send(t, s, node)
		switch {
		case strings.Contains(head, " 429 ") && strings.Contains(head, "Retry-After: "):
			limited++
		case !strings.Contains(head, " 401 "):
			t.Fatalf("answer: got %s%s", head, body)
		}
	}
	if limited == 0 {
		t.Error("no request was answered with 429")
	}
	good := taken(badRequest{body: smallResult, from: f.from})
	good.check(t, s, node)
}

// badPaths are the paths.
func badPaths() badInputs {
	path := func(path string, status int, says ...string) badRequest {
		return badRequest{path: path, body: smallResult, status: status, says: says, saysNot: []string{"Location"}}
	}
	encoded := func(name string) badRequest {
		return path("/report/"+name+"/{execution}/result", 400, "must be the name of a node")
	}
	impostor := path("/t/{token}/report/a/{execution}/result", 403, "the callback token belongs to another node task")
	impostor.leaves.Events = []string{"1×Job jobs Warning/CallbackDenied: a callback with the token of node {node} was denied: it was for node a of execution {execution} by TakeCallback"}
	return badInputs{
		"H2": {
			"the root":        path("/", 404, "no such path"),
			"an unknown path": path("/nosuch", 404, "no such path"),
			"an unknown kind": path("{task}/nosuch", 404, "no such path"),
			"the profiler":    path("/debug/pprof/", 404, "no such path"),
			"the metrics":     path("/metrics", 404, "no such path"),
		},
		"H3": {
			"a slash at the end":           path("{task}/result/", 404, "no such path"),
			"a slash at the end, no token": path("{plain}/result/", 404, "no such path"),
		},
		"H4": {
			"two slashes in front":        path("/{task}/result", 404),
			"two slashes in between":      path("/report//{execution}/result", 400),
			"up":                          path("/report/../x/{execution}/result", 404),
			"up, encoded":                 encoded("%2e%2e"),
			"a slash, encoded":            path("/report/a%2fb/{execution}/result", 404),
			"NUL":                         encoded("a%00"),
			"a new line":                  encoded("a%0ab"),
			"an escape that is none":      path("/report/%zz/{execution}/result", 400),
			"a new line in the execution": path("/report/{node}/%0a/result", 400, "execution"),
		},
		"H5": {
			"a name of 254 bytes": encoded(strings.Repeat("a", 254)),
			"capitals":            encoded("Node1"),
			"an underscore":       encoded("node_1"),
		},
		"H6": {
			"letters":                  path("/report/{node}/abc/result", 400, "execution"),
			"13 digits":                path("/report/{node}/2026010100000/result", 400, "execution"),
			"15 digits":                path("/report/{node}/202601010000000/result", 400, "execution"),
			"the 31st of February":     path("/report/{node}/20260231000000/result", 400, "execution"),
			"the future":               path("{future}/result", 403, "no such execution"),
			"the future, no token":     path("/report/{node}/29991231235959/result", 401),
			"another node, no token":   path("/report/nosuch/{execution}/result", 401),
			"the token of another one": impostor,
		},
		"H17": {
			"up from the root":         page("/../../etc/passwd", 404),
			"up from an execution":     page("/{execution}/../../../etc/passwd", 404),
			"up, encoded":              page("/%2e%2e/%2e%2e/etc/passwd", 404),
			"up with a slash, encoded": page("/{execution}/..%2f..%2fetc%2fpasswd", 404),
			"up, for Windows":          page(`/{execution}/..%5c..%5cx`, 404),
			"NUL":                      page("/{execution}/a%00", 404),
			"a link out":               linkOut{},
		},
		"H20": {
			"a page of one that is pruned":    page("/20200101000000/", 404),
			"a report for one that is pruned": path("{past}/result", 403, "no such execution"),
			"a page of one that runs":         badRequest{toReports: true, method: "GET", path: "/{execution}/", status: 200, says: []string{"Cache-Control: no-store"}},
		},
	}
}

// linkOut is a link in the report directory that leads out of it.
type linkOut struct{}

func (linkOut) check(t *testing.T, s *badServer, node string) {
	t.Helper()
	link := filepath.Join(s.directory, string(s.execution), node+"-link.txt")
	if err := os.Symlink("/etc/passwd", link); err != nil {
		t.Fatal(err)
	}
	head, body := page("/{execution}/{node}-link.txt", 404).send(t, s, node)
	if !strings.Contains(head, " 404 ") || strings.Contains(body, "root:") {
		t.Errorf("answer: got %s%s", head, body)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
}
