package web

import (
	"embed"
	"html/template"
	"io/fs"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

//go:embed assets
var assets embed.FS

const stylePath = "style.css"

func parsePages() *template.Template {
	return template.Must(template.ParseFS(assets, "assets/*.html"))
}

func serveStyle(w http.ResponseWriter, r *http.Request) error {
	file, err := assets.ReadFile("assets/" + stylePath)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	http.ServeContent(w, r, stylePath, time.Time{}, strings.NewReader(string(file)))
	return nil
}

type executionsPage struct {
	HasLatest  bool
	Executions []executionRow
}

type executionRow struct {
	ID        execution.ID
	Scheduled time.Time
}

func (h *handler) serveExecutions(w http.ResponseWriter) error {
	entries, err := fs.ReadDir(h.reports, ".")
	if err != nil {
		return err
	}
	page := executionsPage{HasLatest: h.checkDirectory(latest) == nil}
	for _, entry := range slices.Backward(entries) {
		id, err := execution.ParseID(entry.Name())
		if err == nil && entry.IsDir() {
			page.Executions = append(page.Executions, executionRow{ID: id, Scheduled: id.Time()})
		}
	}
	h.render(w, "executions.html", page)
	return nil
}

type filesPage struct {
	Name  string
	Files iter.Seq[fileRow]
}

type fileRow struct {
	Name string
	Path string // as a link from the page: a name may look like a scheme
	Size string
}

// serveFiles lists the files as they are looked at: an execution may have many
// thousands.
func (h *handler) serveFiles(w http.ResponseWriter, directory string) error {
	entries, err := fs.ReadDir(h.reports, directory)
	if err != nil {
		return err
	}
	h.render(w, "files.html", filesPage{Name: directory, Files: fileRows(entries)})
	return nil
}

func fileRows(entries []fs.DirEntry) iter.Seq[fileRow] {
	return func(yield func(fileRow) bool) {
		for _, entry := range entries {
			if !entry.Type().IsRegular() || !shown(entry.Name()) {
				continue
			}
			info, err := entry.Info()
			if err != nil {
				continue // it was pruned since
			}
			row := fileRow{Name: entry.Name(), Path: "./" + entry.Name(), Size: formatSize(info.Size())}
			if !yield(row) {
				return
			}
		}
	}
}

// render writes a page. An error is one of the client's connection: the pages
// and their data are ours.
func (h *handler) render(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	if err := h.pages.ExecuteTemplate(w, name, data); err != nil {
		h.log.Debug("report page", "page", name, "err", err)
	}
}

// formatSize returns a number of bytes with at most three digits before the
// point.
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
