package web

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Options are the options of a handler. The zero value is usable.
type Options struct {
	Log *slog.Logger // nil: nothing is logged
	// Elsewhere forwards a request to the leader if that is another replica. It returns
	// false if no response was written. Nil: always this replica.
	Elsewhere func(http.ResponseWriter, *http.Request) (answered bool)
	// AboutOf returns what an execution is. Nil: the pages do not say.
	AboutOf func(execution.ID) About
	// Viewers authorizes clients to read the reports. Nil: all clients.
	Viewers Viewers
}

// About is what an execution is. The zero value says that it is not known.
type About struct {
	NodeCronJob string // the name of the definition
	Gone        bool   // only reports are left of the definition
	// Reason is why the execution was asked for, and RequestedBy who asked. Anybody who may
	// create an Execution chooses both.
	Reason, RequestedBy string
}

type handler struct {
	reports fs.FS
	options Options
	log     *slog.Logger
}

// NewHandler serves the report directory. The file system must not follow symbolic
// links out of it: that of an os.Root does not.
func NewHandler(reports fs.FS, o Options) http.Handler {
	h := &handler{reports: reports, options: o, log: o.Log}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

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

// elsewhere forwards a request to another replica, which sets its own headers.
func (h *handler) elsewhere(w http.ResponseWriter, r *http.Request) (answered bool) {
	clear(w.Header())
	answered = h.options.Elsewhere(w, r)
	if !answered {
		clear(w.Header())
		setCommonHeaders(w.Header())
	}
	return answered
}

// serve uses the path without cleaning it, so that each resource has exactly one path.
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
	case !inside: // relative, like all links
		w.Header().Set("Location", directory+"/")
		w.WriteHeader(http.StatusMovedPermanently)
		return nil
	case file == "":
		return h.serveFiles(w, directory)
	default:
		return h.serveFile(w, r, directory, file)
	}
}

// refuse responds with an error. A missing file and a hidden file look the same.
func (h *handler) refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	h.log.Error("report", "error", err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}
