package web

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
)

func (h *handler) serveFile(w http.ResponseWriter, r *http.Request, directory, name string) error {
	if !shown(name) {
		return fs.ErrNotExist
	}
	path := directory + "/" + name
	// Lstat before Open: opening a pipe would wait for its writer.
	info, err := fs.Lstat(h.reports, path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fs.ErrNotExist
	}
	file, err := h.reports.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, ok := file.(io.ReadSeeker)
	if !ok {
		return fmt.Errorf("%s: the file system cannot seek", path)
	}
	setFileHeaders(w.Header(), name)
	http.ServeContent(w, r, name, info.ModTime(), content)
	return nil
}
