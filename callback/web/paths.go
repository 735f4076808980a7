package web

import (
	"io/fs"
	"strings"
	"unicode/utf8"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// latest is the link to the newest execution's directory.
const latest = "latest"

// checkDirectory returns an error unless the name is an existing execution or "latest".
func (h *handler) checkDirectory(name string) error {
	if name == latest {
		return h.checkLatest()
	}
	if _, err := execution.ParseID(name); err != nil {
		return fs.ErrNotExist
	}
	info, err := fs.Lstat(h.reports, name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fs.ErrNotExist
	}
	return nil
}

// checkLatest follows the link. A link to nowhere, or out of the report directory,
// does not count.
func (h *handler) checkLatest() error {
	info, err := fs.Stat(h.reports, latest)
	if err != nil || !info.IsDir() {
		return fs.ErrNotExist
	}
	return nil
}

// follow returns the directory that a name of a directory stands for.
func (h *handler) follow(name string) string {
	if name != latest {
		return name
	}
	target, err := fs.ReadLink(h.reports, latest)
	if err != nil {
		return name // the page does not say what the execution is
	}
	return target
}

// shown reports whether a file of a name is served.
func shown(name string) bool {
	return name != "" && name[0] != '.' && len(name) <= maxName &&
		utf8.ValidString(name) && !strings.ContainsAny(name, "/\x00")
}

const maxName = 255 // of the file systems in use
