package web

import (
	"mime"
	"net/http"
	"path"
)

// Pages load their style sheet and nothing else. Files of pods get an opaque origin.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	filePolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"
)

func setCommonHeaders(header http.Header) {
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin") // a proxy may authenticate users by cookie
	header.Set("Cache-Control", "no-store")                   // an open execution changes
	header.Set("Content-Security-Policy", filePolicy)
}

// setFileHeaders makes browsers show harmless types and download all others.
func setFileHeaders(header http.Header, name string) {
	switch path.Ext(name) {
	case ".json":
		header.Set("Content-Type", "application/json")
	case ".log", ".txt":
		header.Set("Content-Type", "text/plain; charset=utf-8")
	default:
		header.Set("Content-Type", "application/octet-stream")
		header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	}
}
