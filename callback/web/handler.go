package web

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Options is what a handler can do without. The zero value is of use.
type Options struct {
	Log *slog.Logger // nil: nothing is logged
	// Elsewhere has another replica answer a request, if that one leads. It
	// returns false if nothing was answered. Nil: it is always this one.
	Elsewhere func(http.ResponseWriter, *http.Request) (answered bool)
	// Viewers says who may look at the reports. Nil: everybody who reaches them.
	Viewers Viewers
}

type handler struct {
	reports fs.FS
	options Options
	log     *slog.Logger
}

// NewHandler serves the report directory. The file system must not lead out of
// it, by symbolic links or otherwise: that of an os.Root does not.
func NewHandler(reports fs.FS, o Options) http.Handler {
	h := &handler{reports: reports, options: o, log: o.Log}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

// latest is the link to the newest execution's directory.
const latest = "latest"

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w = newPacedWriter(w)
	setCommonHeaders(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD are allowed", http.StatusMethodNotAllowed)
		return
	}
	if !h.admit(w, r) {
		return
	}
	if h.options.Elsewhere != nil && h.elsewhere(w, r) {
		return
	}
	if err := h.serve(w, r); err != nil {
		h.refuse(w, err)
	}
}

// elsewhere has another replica answer, which sets headers of its own.
func (h *handler) elsewhere(w http.ResponseWriter, r *http.Request) (answered bool) {
	clear(w.Header())
	answered = h.options.Elsewhere(w, r)
	if !answered {
		clear(w.Header())
		setCommonHeaders(w.Header())
	}
	return answered
}

// serve looks at the path as it is: nothing is cleaned, so that there is one
// path to each thing and none to anything else.
func (h *handler) serve(w http.ResponseWriter, r *http.Request) error {
	path := strings.TrimPrefix(r.URL.Path, "/")
	switch path {
	case "":
		return h.serveExecutions(w)
	case stylePath:
		return serveStyle(w, r)
	}
	directory, file, inside := strings.Cut(path, "/")
	if err := h.checkDirectory(directory); err != nil {
		return err
	}
	switch {
	case !inside: // the links of a list are relative to it, and so is this one
		w.Header().Set("Location", directory+"/")
		w.WriteHeader(http.StatusMovedPermanently)
		return nil
	case file == "":
		return h.serveFiles(w, directory)
	default:
		return h.serveFile(w, r, directory, file)
	}
}

// checkDirectory returns an error unless the name is that of an execution
// there is, or "latest".
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

// checkLatest follows the link. One that leads nowhere, or out of the report
// directory, is none.
func (h *handler) checkLatest() error {
	info, err := fs.Stat(h.reports, latest)
	if err != nil || !info.IsDir() {
		return fs.ErrNotExist
	}
	return nil
}

// shown reports whether a file may be looked at, by its name.
func shown(name string) bool {
	return name != "" && name[0] != '.' && len(name) <= maxName &&
		utf8.ValidString(name) && !strings.ContainsAny(name, "/\x00")
}

const maxName = 255 // of the file systems in use

// refuse answers an error. What there is not and what may not be seen are the
// same.
func (h *handler) refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	h.log.Error("report", "err", err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}
