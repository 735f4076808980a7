package report

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const maxFileName = 120

var (
	plainExtension = regexp.MustCompile(`^\.[A-Za-z0-9]{1,16}$`)
	driveLetter    = regexp.MustCompile(`^[A-Za-z]:`)
	// cutName is how a name ends, but for its extension, of which only the
	// beginning is kept.
	cutName = regexp.MustCompile(cut + `[0-9a-f]{12}`)
)

// safeName returns the name under which a file is kept, behind the node's. A
// name that points elsewhere is refused: who sends it means something that will
// not happen. In any other each character that a file system cannot keep, or that
// is not to be seen, is written as a percent sign and its bytes in hexadecimal, as
// in a URL. What could be taken for that is too, so that two names never become
// one. Of a name that is too long the beginning is kept, and a hash.
func safeName(name string) (string, error) {
	if problem := misleads(name); problem != "" {
		return "", &execution.InvalidError{Path: "name", Message: problem}
	}
	escaped := escapeName(name)
	if len(escaped) <= maxFileName {
		return escaped, nil
	}
	end := cut + hash(name) + extension(name)
	return cutEscaped(escaped, maxFileName-len(end)) + end, nil
}

// misleads says what is wrong with a name that is not one of a file.
func misleads(name string) string {
	switch {
	case name == "." || name == "..":
		return "is a directory: must be the name of a file"
	case strings.ContainsAny(name, `/\`):
		return "has a separator: must be a name without directories"
	case driveLetter.MatchString(name):
		return "has a drive letter: must be a name alone"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has a control character: must be plain text"
	default:
		return ""
	}
}

// escapeName makes of a name one that every file system keeps.
func escapeName(name string) string {
	composed := norm.NFC.IsNormalString(name)
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		if isKept(r, size, name[i:], composed) {
			b.WriteString(name[i : i+size])
		} else {
			for _, c := range []byte(name[i : i+size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
			composed = false // an accent behind it would join its last letter
		}
		i += size
	}
	return b.String()
}

// isKept reports whether the first character of a text stays as it is. An accent
// of its own, and whatever else Unicode writes in several ways, does so only where
// the whole name is composed: some systems take the ways for one.
func isKept(r rune, size int, text string, composed bool) bool {
	isLast := len(text) == size
	switch {
	case r == utf8.RuneError && size == 1:
		return false
	case strings.ContainsRune(`:*?"<>|`, r): // Windows keeps none of them
		return false
	case r == ' ' || r == '.':
		return !isLast // nor these at the end
	case r == '%':
		return !isEscape(text)
	case r == '~':
		return !cutName.MatchString(text[:min(len(text), len(cut)+hashLength)])
	case !composed && (!norm.NFC.PropertiesString(text).BoundaryBefore() || !norm.NFC.IsNormalString(text[:size])):
		return false
	default:
		return unicode.IsPrint(r)
	}
}

// isEscape reports whether a text begins like an escaped character.
func isEscape(text string) bool {
	return len(text) >= len("%00") && text[0] == '%' && isHex(text[1]) && isHex(text[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// cutEscaped returns at most n bytes of an escaped name, and cuts within neither
// a character nor an escape.
func cutEscaped(name string, n int) string {
	for i := max(n-2, 0); i < n; i++ {
		if isEscape(name[i:]) {
			n = i
		}
	}
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n]
}

// extension returns what tells the kind of file, if it is harmless.
func extension(name string) string {
	trimmed := strings.TrimRight(name, " .")
	ext := path.Ext(trimmed)
	if ext == trimmed || !plainExtension.MatchString(ext) {
		return ""
	}
	return ext
}

// GeneratedName returns a new name for a file of the given media type, which
// may be empty.
func GeneratedName(contentType string) string {
	return uuid.Must(uuid.NewV7()).String() + typeExtension(contentType)
}

// typeExtension is a list of our own: what package mime says depends on the
// files of the machine.
func typeExtension(contentType string) string {
	essence, _, _ := strings.Cut(contentType, ";")
	essence = strings.ToLower(strings.TrimSpace(essence))
	for _, t := range extensions() {
		if slices.Contains(t.types, essence) {
			return t.extension
		}
	}
	return ""
}

type typesOf struct {
	extension string
	types     []string
}

func extensions() []typesOf {
	return []typesOf{
		{".txt", []string{"text/plain"}},
		{".csv", []string{"text/csv"}},
		{".html", []string{"text/html"}},
		{".md", []string{"text/markdown"}},
		{".json", []string{"application/json"}},
		{".xml", []string{"application/xml", "text/xml"}},
		{".yaml", []string{"application/yaml", "application/x-yaml", "text/yaml"}},
		{".pdf", []string{"application/pdf"}},
		{".zip", []string{"application/zip"}},
		{".gz", []string{"application/gzip", "application/x-gzip"}},
		{".tar", []string{"application/x-tar"}},
		{".bin", []string{"application/octet-stream"}},
		{".png", []string{"image/png"}},
		{".jpg", []string{"image/jpeg"}},
		{".gif", []string{"image/gif"}},
		{".svg", []string{"image/svg+xml"}},
	}
}
