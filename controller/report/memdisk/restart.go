package memdisk

import "maps"

// Survival says which unsynced data survives a power failure.
type Survival int

// What survives.
const (
	NothingUnsynced Survival = iota
	OnlyNames                // names, but not content
	Everything
)

// Restart turns the power off and on.
func (d *Disk) Restart(s Survival) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off, d.ops = false, 0
	d.root.restart(s)
	d.used = d.root.count(map[*node]bool{})
}

func (n *node) restart(s Survival) {
	if s == NothingUnsynced {
		n.entries = maps.Clone(n.stable)
	}
	if s != Everything {
		n.data = n.synced
	}
	n.stable, n.synced = maps.Clone(n.entries), n.data
	for _, child := range n.entries {
		child.restart(s)
	}
}

// count returns the used bytes, and recounts the names.
func (n *node) count(seen map[*node]bool) int64 {
	if seen[n] {
		n.others++
		return 0
	}
	seen[n], n.others = true, 0
	size := int64(len(n.data))
	for _, child := range n.entries {
		size += child.count(seen)
	}
	return size
}

// forget records that a file or an empty directory has lost a name.
func (d *Disk) forget(n *node) {
	if n.others > 0 {
		n.others--
		return
	}
	d.used -= int64(len(n.data))
}
