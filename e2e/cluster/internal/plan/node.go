package plan

import (
	"fmt"
	"path/filepath"
)

// MaxNodes is bounded by the /24 that the nodes share.
const MaxNodes = 200

// Node is one real node: a network namespace with a containerd, a kubelet
// and a kube-proxy of its own.
type Node struct {
	Name    string
	Index   int // from 1
	IP      string
	MAC     string
	PodCIDR string
	Link    string // the control plane's end of its cable
	Dir     string
}

// NodeList lists the real nodes.
func (s Spec) NodeList() []Node {
	nodes := make([]Node, 0, s.Nodes)
	for i := 1; i <= s.Nodes; i++ {
		name := fmt.Sprintf("node-%d", i)
		nodes = append(nodes, Node{
			Name:    name,
			Index:   i,
			IP:      fmt.Sprintf("10.77.0.%d", 10+i),
			MAC:     fmt.Sprintf("02:00:00:00:01:%02x", i),
			PodCIDR: fmt.Sprintf("10.88.%d.0/24", i),
			Link:    "v-" + name,
			Dir:     s.Path("nodes", name),
		})
	}
	return nodes
}

// Node finds a real node by name.
func (s Spec) Node(name string) (Node, bool) {
	for _, n := range s.NodeList() {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// Path joins elements to the node's directory.
func (n Node) Path(elem ...string) string {
	return filepath.Join(append([]string{n.Dir}, elem...)...)
}

// ContainerdSocket is where the node's containerd listens.
func (n Node) ContainerdSocket() string { return n.Path("containerd.sock") }
