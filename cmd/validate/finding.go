package validate

import (
	"fmt"
	"strings"
)

// Finding is something that is wrong, or a warning.
type Finding struct {
	File    string // empty: it is about no file
	Line    int
	Path    string // empty: it is about the file
	Message string
	Warning bool
}

// String returns the finding as compilers write theirs, so that editors and CI
// systems find the line.
func (f Finding) String() string {
	var b strings.Builder
	if f.File != "" {
		fmt.Fprintf(&b, "%s:%d: ", f.File, f.Line)
	}
	if f.Warning {
		b.WriteString("warning: ")
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	return b.String() + f.Message
}

// before orders findings as somebody who mends them goes through the files.
func (f Finding) before(other Finding) bool {
	if f.File != other.File {
		return f.File < other.File
	}
	return f.Line < other.Line
}
