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

// maxFileName is the longest name of a file, in bytes, after it was encoded. A longer one is
// cut.
const maxFileName = 120

var (
	plainExtension = regexp.MustCompile(`^\.[A-Za-z0-9]{1,16}$`)
	driveLetter    = regexp.MustCompile(`^[A-Za-z]:`)
	// cutName is the end of a cut name, before its extension.
	cutName = regexp.MustCompile(cut + `[0-9a-f]{12}`)
)

// safeName returns the name under which a file is stored, after the node's name. It
// rejects a name that contains a path. It percent-encodes characters that some file
// systems do not support or that are invisible, and the percent sign where it could be
// mistaken for an encoding, so that two names never become equal. A long name is cut and
// gets a hash.
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

// misleads says what is wrong with a name that is not a plain file name.
func misleads(name string) string {
	switch {
	case name == "." || name == "..":
		return "is a directory: must be a file name"
	case strings.ContainsAny(name, `/\`):
		return "has a path separator: must be a file name without directories"
	case driveLetter.MatchString(name):
		return "has a drive letter: must be a file name only"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has a control character: must be plain text"
	default:
		return ""
	}
}

// escapeName encodes a name so that every file system supports it.
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
			composed = false // a following accent would combine with the last letter
		}
		i += size
	}
	return b.String()
}

// isKept reports whether the first character of a text is not encoded. A combining
// accent, or another character with several Unicode representations, is kept only if
// the whole name is composed: some systems treat the representations as equal.
func isKept(r rune, size int, text string, composed bool) bool {
	isLast := len(text) == size
	switch {
	case r == utf8.RuneError && size == 1:
		return false
	case strings.ContainsRune(`:*?"<>|`, r): // Windows does not support them
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

// isEscape reports whether a text begins like a percent-encoded character.
func isEscape(text string) bool {
	return len(text) >= len("%00") && text[0] == '%' && isHex(text[1]) && isHex(text[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// cutEscaped returns at most n bytes of an encoded name, without a partial character or
// encoding.
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

// extension returns the extension of a name, if it is harmless.
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

// typeExtension uses its own list: package mime depends on files of the machine.
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
