package report

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const maxFileName = 120

var (
	plainName      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	plainExtension = regexp.MustCompile(`^\.[A-Za-z0-9]{1,16}$`)
	driveLetter    = regexp.MustCompile(`^[A-Za-z]:`)
	deviceName     = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)
)

// safeName returns the name under which a file is kept. A name that points
// elsewhere is refused: whoever sends it means something that will not happen.
// A name that is merely awkward on some system, or to look at, is replaced by
// its hash, so that the file is kept and the same name is the same file.
func safeName(name string) (string, error) {
	if problem := misleads(name); problem != "" {
		return "", &execution.InvalidError{Path: "name", Message: problem}
	}
	name = norm.NFC.String(name)
	if isPlain(name) {
		return name, nil
	}
	return "file-" + hash(name) + extension(name), nil
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

func isPlain(name string) bool {
	return len(name) <= maxFileName && plainName.MatchString(name) &&
		!strings.HasSuffix(name, ".") && !deviceName.MatchString(name)
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
