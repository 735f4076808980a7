package web

import (
	"bufio"
	"embed"
	"html/template"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

//go:embed assets
var assets embed.FS

var pages = template.Must(template.ParseFS(assets, "assets/*.html"))

// page is common to all pages. Root is the relative path from the page to the list of
// executions: links are relative, because a proxy may add a path prefix.
type page struct {
	Title, Root string
}

type executionsPage struct {
	page
	Latest     bool
	Named      bool // there is a column for the definitions
	Asked      bool // there are columns for who asked, and why
	Executions []executionRow
}

type executionRow struct {
	ID    execution.ID
	About About
}

// maxReason bounds a reason in the list: a longer one is on the execution's own page.
const maxReason = 100

type filesPage struct {
	page
	About About
	Files iter.Seq[file]
}

type file struct {
	Link, Name, Size string
}

const stylePath = "style.css"

func serveStyle(w http.ResponseWriter, r *http.Request) error {
	file, err := assets.ReadFile("assets/" + stylePath)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	http.ServeContent(w, r, stylePath, time.Time{}, strings.NewReader(string(file)))
	return nil
}

func (h *handler) serveExecutions(w http.ResponseWriter) error {
	entries, err := fs.ReadDir(h.reports, ".")
	if err != nil {
		return err
	}
	list := executionsPage{page: page{Title: "Reports", Root: "./"}, Latest: h.checkDirectory(latest) == nil, Named: h.options.AboutOf != nil}
	for _, entry := range slices.Backward(entries) {
		if id, err := execution.ParseID(entry.Name()); err == nil && entry.IsDir() {
			about := h.aboutOf(id)
			about.Reason = execution.Truncate(about.Reason, maxReason)
			list.Asked = list.Asked || about.Reason != "" || about.RequestedBy != ""
			list.Executions = append(list.Executions, executionRow{ID: id, About: about})
		}
	}
	h.render(w, "executions.html", list)
	return nil
}

func (h *handler) serveFiles(w http.ResponseWriter, directory string) error {
	entries, err := fs.ReadDir(h.reports, directory)
	if err != nil {
		return err
	}
	p := filesPage{page: page{Title: "Execution " + directory, Root: "../"}, Files: files(entries)}
	if id, err := execution.ParseID(h.follow(directory)); err == nil {
		p.About = h.aboutOf(id)
	}
	h.render(w, "files.html", p)
	return nil
}

func (h *handler) aboutOf(id execution.ID) About {
	if h.options.AboutOf == nil {
		return About{}
	}
	return h.options.AboutOf(id)
}

// files reads the attributes of files while they are listed: an execution may have
// many thousands.
func files(entries []fs.DirEntry) iter.Seq[file] {
	return func(yield func(file) bool) {
		for _, entry := range entries {
			if !entry.Type().IsRegular() || !shown(entry.Name()) {
				continue
			}
			info, err := entry.Info()
			if err != nil {
				continue // pruned meanwhile
			}
			// With ./, because a name may look like a URL scheme.
			link := "./" + url.PathEscape(entry.Name())
			if !yield(file{Link: link, Name: entry.Name(), Size: formatSize(info.Size())}) {
				return
			}
		}
	}
}

// render writes a page. Errors come from the client's connection.
func (h *handler) render(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	out := bufio.NewWriter(w)
	err := pages.ExecuteTemplate(out, name, data)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		h.log.Debug("report page", "page", name, "error", err)
	}
}

// formatSize formats a number of bytes with a binary unit.
func formatSize(bytes int64) string {
	const step = 1024
	if bytes < step {
		return strconv.FormatInt(bytes, 10) + " B"
	}
	units := []string{"KiB", "MiB", "GiB"}
	size, unit := float64(bytes)/step, 0
	for size >= step && unit < len(units)-1 {
		size /= step
		unit++
	}
	return strconv.FormatFloat(size, 'f', 1, 64) + " " + units[unit]
}
