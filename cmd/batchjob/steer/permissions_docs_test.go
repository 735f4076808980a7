package steer

import (
	"os"
	"strings"
	"testing"
)

// The table of docs/cli.md has what TestPermissions has found.
func TestPermissionsInTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	found, err := os.ReadFile("testdata/permissions.golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "### Permissions")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(string(found)) {
		command, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		role, needs, _ := strings.Cut(rest, ": ")
		row := rowOf(section, command)
		if len(row) != 4 {
			t.Errorf("docs/cli.md has no row for %s", command)
			continue
		}
		if want := "`" + role + "`"; strings.TrimSpace(row[3]) != want {
			t.Errorf("%s: docs/cli.md names the role %s, want %s", command, row[3], want)
		}
		for need := range strings.SplitSeq(needs, ", ") {
			verb, resource, _ := strings.Cut(need, " ")
			cell := map[string]string{"nodecronjobs": row[1], "executions": row[2]}[resource]
			if cell == "" {
				cell = section // of other kinds
			}
			if !strings.Contains(cell, verb) {
				t.Errorf("%s: docs/cli.md does not name %s", command, need)
			}
		}
	}
}

// rowOf returns the cells of the row of a command.
func rowOf(table, command string) []string {
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if strings.Contains(cells[0], "`"+command+"`") {
			return cells
		}
	}
	return nil
}
