package report

import (
	"io/fs"
	"iter"
	"path"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// FileSize returns the size of the file that one of this name would replace,
// and whether there is one.
func (s *Store) FileSize(key execution.Key, name string) (size int64, there bool) {
	if name == "" {
		return 0, false // it gets a name of its own
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

// Files yields the files that the nodes have sent, without results: each as its
// node and its size. It looks at everything that the execution has. What cannot
// be read is left out.
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

// owners finds whose a name is.
type owners struct {
	nodes  map[string]bool
	byHash map[string]string // the nodes, by what stands for them in a name that is cut
}

func newOwners(nodes []string) owners {
	o := owners{nodes: make(map[string]bool, len(nodes)), byHash: make(map[string]string, len(nodes))}
	for _, node := range nodes {
		o.nodes[node] = true
		o.byHash[hash(node)] = node
	}
	return o
}

// ofFile returns the node that has sent a file which is stored under a name. It
// goes by the longest node name that the name begins with, as isTaken does.
// What the controller stores itself is no such file.
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

// isSent reports whether what follows the node's name is that of a file.
func isSent(rest string) bool { return strings.HasPrefix(rest, "-") && !isLog(rest) }
