package plan

import "fmt"

// The cluster's addresses. They exist only in its own namespaces, so that all clusters use
// the same addresses.
const (
	controlPlaneIP = "10.77.0.1"
	nodeCIDRBits   = "/24"
	podCIDR        = "10.88.0.0/16"
	serviceCIDR    = "10.96.0.0/16"
	apiServiceIP   = "10.96.0.1"
	bridge         = "br0"
	bridgeMAC      = "02:00:00:00:00:01"

	// ClusterDomain is the suffix of the names of Services.
	ClusterDomain = "cluster.local"
	// DNSAddress is the address of the pods' name server.
	DNSAddress = controlPlaneIP + ":53"
)

// The hardware addresses of all nodes are static: otherwise, a kernel that resolves the
// address of a disconnected node would soon return "no route to host" to clients. In cloud
// networks, clients get no error, and their packets are sent again.

// ControlPlaneLinks are the `ip -batch` lines that create the control plane's bridge, and a
// network namespace with a link to it for each node.
func (s Spec) ControlPlaneLinks() []string {
	lines := []string{
		"link set lo up",
		"link add " + bridge + " address " + bridgeMAC + " type bridge",
		"addr add " + controlPlaneIP + nodeCIDRBits + " dev " + bridge,
		"link set " + bridge + " up",
	}
	for _, n := range s.NodeList() {
		lines = append(lines,
			"netns add "+n.Name,
			fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %s", n.Link, n.MAC, n.Name),
			fmt.Sprintf("link set %s master %s up", n.Link, bridge),
			neighbour(n.IP, n.MAC, bridge),
			fmt.Sprintf("route add %s via %s", n.PodCIDR, n.IP),
		)
	}
	// The control plane has no kube-proxy and uses that of node-1.
	return append(lines, fmt.Sprintf("route add %s via %s", serviceCIDR, s.NodeList()[0].IP))
}

// NodeLinks are the `ip -batch` lines to run inside the node's namespace.
func (s Spec) NodeLinks(n Node) []string {
	lines := []string{
		"link set lo up",
		"addr add " + n.IP + nodeCIDRBits + " dev eth0",
		"link set eth0 up",
		neighbour(controlPlaneIP, bridgeMAC, "eth0"),
		// No packet uses this route: without it, the kernel would not reach the rules of
		// kube-proxy.
		"route add " + serviceCIDR + " via " + controlPlaneIP,
	}
	for _, other := range s.NodeList() {
		if other.Name != n.Name {
			lines = append(lines, neighbour(other.IP, other.MAC, "eth0"), fmt.Sprintf("route add %s via %s", other.PodCIDR, other.IP))
		}
	}
	return lines
}

func neighbour(ip, mac, link string) string {
	return fmt.Sprintf("neigh add %s lladdr %s dev %s nud permanent", ip, mac, link)
}

// CableChange is the `ip -batch` line, for the control plane, that disconnects or reconnects
// a node. The node's link stays up, so that the node does not notice.
func (s Spec) CableChange(n Node, action string) (line string, ok bool) {
	switch action {
	case "cut":
		return fmt.Sprintf("link set %s nomaster", n.Link), true
	case "heal":
		return fmt.Sprintf("link set %s master %s", n.Link, bridge), true
	default:
		return "", false
	}
}
