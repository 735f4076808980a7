//go:build e2e

package suite

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wantTable compares what kubectl prints. In the columns of times, TIME stands for any.
func wantTable(t *testing.T, text, columns string, rows ...[]string) {
	t.Helper()
	got := tableOf(text)
	if header := strings.Join(got[0], " "); header != columns {
		t.Errorf("got the columns %q, want %q", header, columns)
	}
	if diff := cmp.Diff(rows, got[1:]); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

var (
	column = regexp.MustCompile(`\S+( \S+)*`)
	period = regexp.MustCompile(`^(\d+[dhms])+$`)
)

// tableOf returns the cells of a table that kubectl prints: the header first. A cell begins below
// its header, and may be empty.
func tableOf(text string) (table [][]string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	columns := column.FindAllStringIndex(lines[0], -1)
	for _, line := range lines {
		var cells []string
		for i, at := range columns {
			end := len(line)
			if i+1 < len(columns) {
				end = min(end, columns[i+1][0])
			}
			cell := strings.TrimSpace(line[min(at[0], end):end])
			switch lines[0][at[0]:at[1]] {
			case "LAST", "DURATION", "AGE":
				cell = period.ReplaceAllString(cell, "TIME")
			}
			cells = append(cells, cell)
		}
		table = append(table, cells)
	}
	return table
}
