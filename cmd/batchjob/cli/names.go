package cli

import (
	"fmt"
	"strings"
)

// maxNames is how many names a text lists.
const maxNames = 10

// JoinNames joins the first of some names, and says how many there are beyond them.
func JoinNames(names []string) string { return JoinFirst(names, maxNames) }

// JoinOr joins alternatives, such as a, b or c.
func JoinOr(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// JoinFirst joins at most so many of some names, and says how many there are beyond them.
func JoinFirst(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
