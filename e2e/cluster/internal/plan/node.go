package plan

import (
	"fmt"
	"path/filepath"
)

// MaxNodes is the maximum for the /24 network that the nodes share.
const MaxNodes = 200

// Node is a real node: a network namespace with its own containerd, kubelet and
// kube-proxy.
type Node struct {
	Name    string
	Index   int // from 1
	IP      string
	MAC     string
	PodCIDR string
	Link    string // the network link on the control plane's side
	Dir     string
}

// NodeList returns the real nodes.
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

// Node returns the real node with a name.
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

// ContainerdSocket is the socket of the node's containerd.
func (n Node) ContainerdSocket() string { return n.Path("containerd.sock") }
