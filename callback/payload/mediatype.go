package payload

import (
	"mime"
	"net/http"
	"strings"
)

// NotCompressed rejects compressed bodies.
func NotCompressed(r *http.Request) error {
	if isCompressed(r.Header) {
		return &MediaTypeError{Message: "the body must not be compressed"}
	}
	return nil
}

func isCompressed(header map[string][]string) bool {
	for _, coding := range header["Content-Encoding"] {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}

// NotMultipart rejects forms with files where JSON is expected. It accepts any other
// content type: that of curl -d is wrong.
func NotMultipart(r *http.Request) error {
	if strings.HasPrefix(ContentType(r), "multipart/") {
		return &MediaTypeError{Message: "the body must be JSON, not multipart"}
	}
	return nil
}

// IsForm reports whether the request claims to be a form with files. A malformed form
// must not count as a file.
func IsForm(r *http.Request) bool { return ContentType(r) == formType }

const formType = "multipart/form-data"

// ContentType returns the request's content type without its parameters.
func ContentType(r *http.Request) string { return mediaType(r.Header.Get("Content-Type")) }

// mediaType returns a content type without its parameters, which may be malformed, or
// "" if the type itself is malformed.
func mediaType(header string) string {
	name, _, _ := strings.Cut(header, ";")
	parsed, _, err := mime.ParseMediaType(name)
	if err != nil {
		return ""
	}
	return parsed
}

// HeaderLines returns the number of lines of a header.
func HeaderLines(header map[string][]string) int {
	n := 0
	for _, values := range header {
		n += len(values)
	}
	return n
}
