package plan

import "fmt"

// The cluster's addresses. They exist only inside its own namespaces, so any
// number of clusters can use the same ones.
const (
	controlPlaneIP = "10.77.0.1"
	nodeCIDRBits   = "/24"
	podCIDR        = "10.88.0.0/16"
	serviceCIDR    = "10.96.0.0/16"
	apiServiceIP   = "10.96.0.1"

	// ClusterDomain ends the names of Services.
	ClusterDomain = "cluster.local"
	// DNSAddress answers the pods' questions.
	DNSAddress = controlPlaneIP + ":53"
)

// ControlPlaneLinks are the `ip -batch` lines that make the control plane's
// bridge and one cabled network namespace per node.
func (s Spec) ControlPlaneLinks() []string {
	lines := []string{
		"link set lo up",
		"link add br0 type bridge",
		"addr add " + controlPlaneIP + nodeCIDRBits + " dev br0",
		"link set br0 up",
	}
	for _, n := range s.NodeList() {
		lines = append(lines,
			"netns add "+n.Name,
			fmt.Sprintf("link add %s type veth peer name eth0 netns %s", n.Link, n.Name),
			fmt.Sprintf("link set %s master br0 up", n.Link),
			fmt.Sprintf("route add %s via %s", n.PodCIDR, n.IP),
		)
	}
	// The control plane has no kube-proxy: node-1's translates for it.
	return append(lines, fmt.Sprintf("route add %s via %s", serviceCIDR, s.NodeList()[0].IP))
}

// NodeLinks are the `ip -batch` lines to run inside the node's namespace.
func (s Spec) NodeLinks(n Node) []string {
	lines := []string{
		"link set lo up",
		"addr add " + n.IP + nodeCIDRBits + " dev eth0",
		"link set eth0 up",
		// Never taken: it lets the kernel get as far as kube-proxy's rules.
		"route add " + serviceCIDR + " via " + controlPlaneIP,
	}
	for _, other := range s.NodeList() {
		if other.Name != n.Name {
			lines = append(lines, fmt.Sprintf("route add %s via %s", other.PodCIDR, other.IP))
		}
	}
	return lines
}
