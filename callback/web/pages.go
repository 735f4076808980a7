package web

import (
	"bufio"
	"embed"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

//go:embed assets/style.css
var assets embed.FS

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
	var ids []execution.ID
	for _, entry := range slices.Backward(entries) {
		if id, err := execution.ParseID(entry.Name()); err == nil && entry.IsDir() {
			ids = append(ids, id)
		}
	}
	h.render(w, "Reports", "./", func(p *page) {
		if len(ids) == 0 {
			p.write("<p>There are no executions yet.</p>\n")
			return
		}
		if h.checkDirectory(latest) == nil {
			p.write(`<p><a href="latest/">Latest execution</a></p>`, "\n")
		}
		p.table("Executions, newest first", column{"Execution", ""}, column{"Scheduled", ""})
		for _, id := range ids {
			at := id.Time()
			p.write(`<tr><th scope="row"><a href="`, text(id), `/">`, text(id), `</a></th><td><time datetime="`,
				text(at.Format(time.RFC3339)), `">`, text(at.Format("2006-01-02 15:04:05 MST")), "</time></td></tr>\n")
		}
		p.endTable()
	})
	return nil
}

// serveFiles lists the files as they are looked at: an execution may have many
// thousands.
func (h *handler) serveFiles(w http.ResponseWriter, directory string) error {
	entries, err := fs.ReadDir(h.reports, directory)
	if err != nil {
		return err
	}
	h.render(w, "Execution "+directory, "../", func(p *page) {
		p.table("Files", column{"File", ""}, column{"Size", ` class="number"`})
		empty := true
		for _, entry := range entries {
			if !entry.Type().IsRegular() || !shown(entry.Name()) {
				continue
			}
			info, err := entry.Info()
			if err != nil {
				continue // it was pruned since
			}
			empty = false
			// As a link from the page: a name may look like a scheme.
			path := "./" + url.PathEscape(entry.Name())
			p.write(`<tr><th scope="row"><a href="`, text(path), `">`, text(entry.Name()), `</a></th><td class="number">`,
				text(formatSize(info.Size())), "</td></tr>\n")
		}
		if empty {
			p.write(`<tr><td colspan="2">There are no files yet.</td></tr>`, "\n")
		}
		p.endTable()
	})
	return nil
}

// render writes a page. An error is one of the client's connection.
func (h *handler) render(w http.ResponseWriter, title string, root markup, body func(*page)) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	p := &page{out: bufio.NewWriter(w)}
	p.begin(title, root)
	body(p)
	if err := p.end(); err != nil {
		h.log.Debug("report page", "page", title, "error", err)
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
