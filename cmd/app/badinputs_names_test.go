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

// renameFile is a file that is stored under a name made of its own, which is
// told and logged.
func renameFile(name, kept string) badRequest {
	r := keepName(name, kept)
	r.says = append(r.says, `"renamed":{"`)
	r.logs = []string{"renamed"}
	return r
}

// cutFile is a file with a long name, of which so much is kept.
func cutFile(name string, length int, extension string) badRequest {
	sum := sha256.Sum256([]byte(name))
	return renameFile(name, name[:length]+"~"+hex.EncodeToString(sum[:])[:12]+extension)
}

// fetched is a file that is stored, and then read from the reports.
func fetched(stored badRequest, path string) badRequests {
	return badRequests{stored, {
		toReports: true, method: "GET", path: "/{execution}/{node}-" + path,
		status: 200, says: []string{"text"}, leaves: stored.leaves,
	}}
}

// badNames are names of files, in the query.
func badNames() badInputs {
	twice := keepName("a.txt", "a.txt")
	again := twice
	again.body = "another text"
	again.leaves.Files = map[string]string{"-a.txt": "another text"}
	composed, decomposed := keepName("é", "é"), renameFile("e\u0301", "e%CC%81")
	both := map[string]string{"-é": "text", "-e%CC%81": "text"}
	decomposed.leaves.Files = both
	// Nodes a and a-b have files of the same name.
	asResult, asFile := refuseName("b.json", 409, "belongs to another node"), refuseName("b-c.txt", 409, "belongs to another node")
	asResult.node, asFile.node = "a", "a"
	ownResult := keepName("", "{node}.json")
	ownResult.path += "{node}.json"
	longest := strings.Repeat("a", 116) + ".txt"
	return badInputs{
		"F1": {
			"up from the root":    refuseName("/../../../x", 400, "must be a file name without directories"),
			"up":                  refuseName("../x", 400, "must be a file name without directories"),
			"the directory above": refuseName("..", 400, "must be a file name"),
			"the directory":       refuseName(".", 400, "must be a file name"),
		},
		"F2": {
			"encoded":       badRequest{path: "{task}/file?name=%2e%2e%2fx", body: "text", status: 400, says: []string{"without directories"}},
			"encoded twice": renameFile("%2e%2e%2fx", "%252e%252e%252fx"),
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
			"an option":           keepName("-rf", "-rf"),
			"a hidden file":       keepName(".hidden", ".hidden"),
			"a space in front":    keepName(" lead.txt", " lead.txt"),
			"a space at the end":  renameFile("trail.txt ", "trail.txt%20"),
			"a dot at the end":    renameFile("trail.txt.", "trail.txt%2E"),
			"an ordinary name":    keepName("Report_2026-01-02.tar.gz", "Report_2026-01-02.tar.gz"),
			"two dots in between": keepName("a..b", "a..b"),
		},
		"F8": {
			"right-to-left override":     renameFile("a\u202etxt.exe", "a%E2%80%AEtxt.exe"),
			"a zero-width space":         renameFile("a\u200bb.txt", "a%E2%80%8Bb.txt"),
			"a letter that looks like a": keepName("p\u0430ypal.txt", "p\u0430ypal.txt"),
			"an emoji":                   keepName("\U0001f600.png", "\U0001f600.png"),
		},
		"F9":  {"a letter composed, and then of two characters": badRequests{composed, decomposed}},
		"F10": {"invalid UTF-8": renameFile("a\xff.txt", "a%FF.txt")},
		"F11": {
			"120 bytes":  keepName(longest, longest),
			"121 bytes":  cutFile("a"+longest, 103, ".txt"),
			"255 bytes":  cutFile(strings.Repeat("a", 255), 107, ""),
			"256 bytes":  cutFile(strings.Repeat("a", 256), 107, ""),
			"4096 bytes": cutFile(strings.Repeat("a", 4096), 107, ""),
		},
		"F12": {
			"CON":     keepName("CON", "CON"),
			"NUL":     keepName("NUL", "NUL"),
			"aux.txt": keepName("aux.txt", "aux.txt"),
		},
		"F13": {
			"no name":       generatedName{path: "{task}/file"},
			"an empty name": generatedName{path: "{task}/file?name="},
		},
		"F14": {
			"the result of another node":   keepName("node2.json", "node2.json"),
			"the node's own result":        ownResult,
			"what makes the own result":    keepName(".json", ".json"),
			"what makes a container's log": refuseName("container-main.log", 409, "reserved"),
		},
		"F15": {"the same name again": badRequests{twice, again}},
		"F16": {
			"another node's result": asResult,
			"another node's file":   asFile,
		},
		"F38": {
			"a time":           fetched(renameFile("sos-2026-11-28T03:42:00.tar", "sos-2026-11-28T03%3A42%3A00.tar"), "sos-2026-11-28T03%253A42%253A00.tar"),
			"signs of Windows": renameFile("a*b?c|.txt", "a%2Ab%3Fc%7C.txt"),
			"what looks it":    renameFile("sos-03%3A42.tar", "sos-03%253A42.tar"),
			"spaces":           keepName("my report.txt", "my report.txt"),
			"plus signs":       keepName("c++.log", "c++.log"),
			"an umlaut":        fetched(keepName("Gerät.log", "Gerät.log"), "Ger%C3%A4t.log"),
		},
		"F17": {
			"latest":                      keepName("latest", "latest"),
			"the report of the execution": keepName("execution.json", "execution.json"),
			"run.json":                    keepName("run.json", "run.json"),
			"index.jsonl":                 keepName("index.jsonl", "index.jsonl"),
			"a temporary file":            keepName(".tmp-1", ".tmp-1"),
		},
	}
}
