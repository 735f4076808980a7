package progress

import (
	"fmt"
	"slices"
	"strings"
)

// namedNodes is how many nodes are named of those that wait for the same.
const namedNodes = 3

// StuckText returns the nodes that do not get started or run for long, a line for
// each reason, and its gist: as long as that stays the same, nothing is new for the reader.
func (e Execution) StuckText() (text, gist string) {
	type group struct {
		names  []string
		reason string
	}
	groups := map[string]*group{}
	var order []string
	for _, n := range slices.Concat(e.Stuck, e.Long) {
		key := gistOf(n.Reason)
		g := groups[key]
		if g == nil {
			g = &group{}
			groups[key] = g
			order = append(order, key)
		}
		g.names = append(g.names, n.Name)
		if len(n.Reason) > len(g.reason) { // the one that says most
			g.reason = n.Reason
		}
	}
	var lines, gists []string
	for _, key := range order {
		who := listOf("node", groups[key].names)
		lines = append(lines, "  "+who+": "+groups[key].reason)
		gists = append(gists, who+": "+key)
	}
	return strings.Join(lines, "\n"), strings.Join(gists, "\n")
}

// gistOf returns the part of a reason that stays the same as a kubelet tries
// again and again. Why an image cannot be pulled is told in other words each
// time, with the addresses of that try.
func gistOf(reason string) string {
	if before, after, found := strings.Cut(reason, sinceMark); found {
		_, rest, _ := strings.Cut(after, ";")
		return before + ";" + rest
	}
	before, _, found := strings.Cut(reason, errImagePull)
	if !found {
		return reason
	}
	return before + errImagePull
}

// listOf names things of a kind, and counts those that are too many to name.
func listOf(kind string, names []string) string {
	if len(names) == 1 {
		return kind + " " + names[0]
	}
	if more := len(names) - namedNodes; more > 0 {
		return fmt.Sprintf("%ss %s and %d more", kind, strings.Join(names[:namedNodes], ", "), more)
	}
	last := len(names) - 1
	return kind + "s " + strings.Join(names[:last], ", ") + " and " + names[last]
}
