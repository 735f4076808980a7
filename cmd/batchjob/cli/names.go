package cli

import (
	"fmt"
	"strings"
)

// maxNames is how many names a text lists.
const maxNames = 10

// JoinNames joins the first of some names, and says how many there are beyond them.
func JoinNames(names []string) string {
	if len(names) <= maxNames {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, and %d more", strings.Join(names[:maxNames], ", "), len(names)-maxNames)
}
