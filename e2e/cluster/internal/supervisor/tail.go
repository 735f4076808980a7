package supervisor

import (
	"os"
	"strings"
)

// Tail returns the last lines of a file for an error message, or the first lines of a panic
// if the file ends with one.
func Tail(path string, lines int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(data)), "\n")
	for i, line := range all {
		if strings.HasPrefix(line, "panic:") {
			return strings.Join(all[i:min(len(all), i+lines)], "\n")
		}
	}
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
