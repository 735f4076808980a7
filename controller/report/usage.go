package report

import (
	"io/fs"
	"iter"
	"path"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// FileSize returns the size of the file that a file of this name would replace, and
// whether it exists.
func (s *Store) FileSize(key execution.Key, name string) (size int64, exists bool) {
	if name == "" {
		return 0, false // the name will be generated
	}
	name, err := safeName(name)
	if err != nil {
		return 0, false
	}
	info, err := fs.Lstat(s.files, path.Join(string(key.Execution), fileName(key.Node, name)))
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}

// Files yields the node and size of each file that the nodes have sent, without
// results. It reads the execution's whole directory, and omits unreadable files.
func (s *Store) Files(id execution.ID, nodes []string) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		entries, err := fs.ReadDir(s.files, string(id))
		if err != nil {
			return
		}
		owners := newOwners(nodes)
		for _, entry := range entries {
			node, isFile := owners.ofFile(entry.Name())
			if !isFile || !entry.Type().IsRegular() {
				continue
			}
			if info, err := entry.Info(); err == nil && !yield(node, info.Size()) {
				return
			}
		}
	}
}

// owners finds the node of a file name.
type owners struct {
	nodes  map[string]bool
	byHash map[string]string // the nodes, by their hash in a cut name
}

func newOwners(nodes []string) owners {
	o := owners{nodes: make(map[string]bool, len(nodes)), byHash: make(map[string]string, len(nodes))}
	for _, node := range nodes {
		o.nodes[node] = true
		o.byHash[hash(node)] = node
	}
	return o
}

// ofFile returns the node that has sent a file of a name. As in isTaken, it is the
// longest node name that is a prefix. Files of the controller itself do not count.
func (o owners) ofFile(stored string) (node string, isFile bool) {
	if _, rest, isCut := strings.Cut(stored, cut); isCut && len(rest) > hashLength {
		if node, known := o.byHash[rest[:hashLength]]; known {
			return node, isSent(rest[hashLength:])
		}
	}
	for i := len(stored) - 1; i > 0; i-- {
		if rest := stored[i:]; isOwned(rest) && o.nodes[stored[:i]] {
			return stored[:i], isSent(rest)
		}
	}
	return "", false
}

// isSent reports whether a name continues after the node's name like a file's.
func isSent(rest string) bool { return strings.HasPrefix(rest, "-") && !isLog(rest) }
