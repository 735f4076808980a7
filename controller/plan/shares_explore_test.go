package plan_test

import "fmt"

// explored is what explore has found.
type explored struct {
	worlds int
	broken string   // the invariant that does not hold; empty: all of them do
	trace  []string // how it came about, in as few steps as possible
}

// explore goes through all worlds that can be reached, up to the first in which an
// invariant does not hold.
func (m *model) explore() explored {
	begin := world{state: contentOf([2]int{-1, -1}, 0)}
	if m.executions == 1 {
		begin.executions[1].phase = closed
	}
	m.table = newTable(m.maxPods)
	var known visited
	known.add(begin.canonical(m.executions), -1)
	for n := 0; n < len(known.keys); n++ {
		w := known.keys[n].unpack()
		if broken := w.broken(m.maxPods); broken != "" {
			return explored{worlds: len(known.keys), broken: broken, trace: m.trace(&known, n)}
		}
		m.steps(w, func(_ step, next world) { known.add(next.canonical(m.executions), n) })
	}
	return explored{worlds: len(known.keys)}
}

// trace returns the steps that lead to a world.
func (m *model) trace(known *visited, n int) []string {
	var path []int
	for ; n >= 0; n = int(known.parents[n]) {
		path = append([]int{n}, path...)
	}
	at := known.keys[0].unpack()
	lines := []string{at.String()}
	for _, n := range path[1:] {
		var found *world
		m.steps(at, func(s step, next world) {
			if found == nil && next.canonical(m.executions) == known.keys[n] {
				found = &next
				lines = append(lines, fmt.Sprintf("%s: %v", s, next))
			}
		})
		at = *found
	}
	return lines
}

// visited is a set of keys, in the order in which they were added, each with the one that it
// was reached from. A map would need three times the memory.
type visited struct {
	keys    []key
	parents []int32
	slots   []int32 // 1 + an index of keys; 0: free
}

func (v *visited) add(k key, parent int) {
	if 2*len(v.keys) >= len(v.slots) {
		v.slots = make([]int32, max(4*len(v.slots), 1<<10))
		for n, k := range v.keys {
			v.slots[v.slot(k)] = int32(n) + 1
		}
	}
	at := v.slot(k)
	if v.slots[at] > 0 {
		return
	}
	v.keys, v.parents = append(v.keys, k), append(v.parents, int32(parent))
	v.slots[at] = int32(len(v.keys))
}

// slot returns where the key is, or belongs.
func (v *visited) slot(k key) uint64 {
	hash := (k[0]*0x9e3779b97f4a7c15 ^ k[1]) * 0xff51afd7ed558ccd
	mask := uint64(len(v.slots) - 1)
	for at := (hash ^ hash>>32) & mask; ; at = (at + 1) & mask {
		if n := v.slots[at]; n == 0 || v.keys[n-1] == k {
			return at
		}
	}
}
