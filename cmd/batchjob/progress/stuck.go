package progress

import (
	"fmt"
	"slices"
	"strings"
)

// maxNamed is how many nodes with the same reason are named.
const maxNamed = 3

// StuckText returns the nodes that do not start or run for long, a line for each
// reason. While the summary key stays the same, the text says nothing new.
func (e Execution) StuckText() (text, summaryKey string) {
	type group struct {
		names  []string
		reason string
	}
	groups := map[string]*group{}
	var order []string
	for _, n := range slices.Concat(e.Stuck, e.Long) {
		key := summaryKeyOf(n.Reason)
		g := groups[key]
		if g == nil {
			g = &group{}
			groups[key] = g
			order = append(order, key)
		}
		g.names = append(g.names, n.Name)
		if len(n.Reason) > len(g.reason) { // the longest says most
			g.reason = n.Reason
		}
	}
	var lines, keys []string
	for _, key := range order {
		nodes := nameList("node", groups[key].names)
		lines = append(lines, "  "+nodes+": "+groups[key].reason)
		keys = append(keys, nodes+": "+key)
	}
	return strings.Join(lines, "\n"), strings.Join(keys, "\n")
}

// summaryKeyOf returns the part of a reason that stays the same while a kubelet
// retries. The message of a failed image pull differs at every attempt, for example
// in its addresses.
func summaryKeyOf(reason string) string {
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

// nameList lists names, and counts those beyond maxNamed.
func nameList(kind string, names []string) string {
	if len(names) == 1 {
		return kind + " " + names[0]
	}
	if more := len(names) - maxNamed; more > 0 {
		return fmt.Sprintf("%ss %s and %d more", kind, strings.Join(names[:maxNamed], ", "), more)
	}
	last := len(names) - 1
	return kind + "s " + strings.Join(names[:last], ", ") + " and " + names[last]
}
