package app

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// refuseName is a file whose name is refused.
func refuseName(name string, status int, says ...string) badRequest {
	return badRequest{path: "{task}/file?name=" + url.QueryEscape(name), body: "text", status: status, says: says}
}

// keepName is a file that is stored under a name.
func keepName(name, kept string) badRequest {
	r := refuseName(name, 200, `{"files":["{node}-`+kept+`"]`)
	r.leaves.Files = map[string]string{"-" + kept: "text"}
	return r
}

// renameFile is a file that is stored under a name made from the hash of its
// own, which is told and logged.
func renameFile(name, extension string) badRequest {
	r := keepName(name, hashedName(name)+extension)
	r.says = append(r.says, `"renamed":{"`)
	r.logs = []string{"renamed"}
	return r
}

func hashedName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "file-" + hex.EncodeToString(sum[:])[:12]
}

// badNames are names of files, in the query.
func badNames() badInputs {
	twice := keepName("a.txt", "a.txt")
	again := twice
	again.body = "another text"
	again.leaves.Files = map[string]string{"-a.txt": "another text"}
	composed := renameFile("é", "")
	decomposed := composed
	decomposed.path = "{task}/file?name=" + url.QueryEscape("e\u0301")
	// Nodes a and a-b have files of the same name.
	asResult, asFile := refuseName("b.json", 409, "belongs to another node"), refuseName("b-c.txt", 409, "belongs to another node")
	asResult.node, asFile.node = "a", "a"
	ownResult := keepName("", "{node}.json")
	ownResult.path += "{node}.json"
	longest := strings.Repeat("a", 116) + ".txt"
	return badInputs{
		"F1": {
			"up from the root":    refuseName("/../../../x", 400, "must be a name without directories"),
			"up":                  refuseName("../x", 400, "must be a name without directories"),
			"the directory above": refuseName("..", 400, "must be the name of a file"),
			"the directory":       refuseName(".", 400, "must be the name of a file"),
		},
		"F2": {
			"encoded":       badRequest{path: "{task}/file?name=%2e%2e%2fx", body: "text", status: 400, says: []string{"without directories"}},
			"encoded twice": renameFile("%2e%2e%2fx", ""),
		},
		"F3": {
			"up, for Windows":     refuseName(`..\..\x`, 400, "without directories"),
			"a drive":             refuseName(`C:\x`, 400, "path"),
			"a drive, no slashes": refuseName(`C:x`, 400, "drive letter"),
			"a share":             refuseName(`\\srv\s`, 400, "without directories"),
		},
		"F4": {"an absolute path": refuseName("/etc/cron.d/x", 400, "without directories")},
		"F5": {"NUL": refuseName("a\x00.txt", 400, "control character")},
		"F6": {
			"a new line": refuseName("a\r\nb", 400, "control character"),
			"a tab":      refuseName("a\tb", 400, "control character"),
			"escape":     refuseName("a\x1b[31m", 400, "control character"),
			"delete":     refuseName("a\x7f", 400, "control character"),
		},
		"F7": {
			"an option":           renameFile("-rf", ""),
			"a hidden file":       renameFile(".hidden", ""),
			"a space in front":    renameFile(" lead.txt", ".txt"),
			"a space at the end":  renameFile("trail.txt ", ".txt"),
			"a dot at the end":    renameFile("trail.txt.", ".txt"),
			"an ordinary name":    keepName("Report_2026-01-02.tar.gz", "Report_2026-01-02.tar.gz"),
			"two dots in between": keepName("a..b", "a..b"),
		},
		"F8": {
			"right-to-left override":     renameFile("a\u202etxt.exe", ".exe"),
			"a zero-width space":         renameFile("a\u200bb.txt", ".txt"),
			"a letter that looks like a": renameFile("p\u0430ypal.txt", ".txt"),
			"an emoji":                   renameFile("\U0001f600.png", ".png"),
		},
		"F9":  {"a letter composed, and then of two characters": badRequests{composed, decomposed}},
		"F10": {"invalid UTF-8": renameFile("a\xff.txt", ".txt")},
		"F11": {
			"120 bytes":  keepName(longest, longest),
			"121 bytes":  renameFile("a"+longest, ".txt"),
			"255 bytes":  renameFile(strings.Repeat("a", 255), ""),
			"256 bytes":  renameFile(strings.Repeat("a", 256), ""),
			"4096 bytes": renameFile(strings.Repeat("a", 4096), ""),
		},
		"F12": {
			"CON":     renameFile("CON", ""),
			"NUL":     renameFile("NUL", ""),
			"aux.txt": renameFile("aux.txt", ".txt"),
		},
		"F13": {
			"no name":       generatedName{path: "{task}/file"},
			"an empty name": generatedName{path: "{task}/file?name="},
		},
		"F14": {
			"the result of another node":   keepName("node2.json", "node2.json"),
			"the node's own result":        ownResult,
			"what makes the own result":    renameFile(".json", ""),
			"what makes a container's log": refuseName("container-main.log", 409, "reserved"),
		},
		"F15": {"the same name again": badRequests{twice, again}},
		"F16": {
			"another node's result": asResult,
			"another node's file":   asFile,
		},
		"F17": {
			"latest":                      keepName("latest", "latest"),
			"the report of the execution": keepName("execution.json", "execution.json"),
			"run.json":                    keepName("run.json", "run.json"),
			"index.jsonl":                 keepName("index.jsonl", "index.jsonl"),
			"a temporary file":            renameFile(".tmp-1", ""),
		},
	}
}
