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
	bridge         = "br0"
	bridgeMAC      = "02:00:00:00:00:01"

	// ClusterDomain ends the names of Services.
	ClusterDomain = "cluster.local"
	// DNSAddress answers the pods' questions.
	DNSAddress = controlPlaneIP + ":53"
)

// Everybody knows everybody's hardware address: a kernel that asked for that of
// a node which was cut off would soon answer "no route to host" to whoever
// connects to it. In the networks of clouds it hears nothing, and tries again.

// ControlPlaneLinks are the `ip -batch` lines that make the control plane's
// bridge and one cabled network namespace per node.
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
	// The control plane has no kube-proxy: node-1's translates for it.
	return append(lines, fmt.Sprintf("route add %s via %s", serviceCIDR, s.NodeList()[0].IP))
}

// NodeLinks are the `ip -batch` lines to run inside the node's namespace.
func (s Spec) NodeLinks(n Node) []string {
	lines := []string{
		"link set lo up",
		"addr add " + n.IP + nodeCIDRBits + " dev eth0",
		"link set eth0 up",
		neighbour(controlPlaneIP, bridgeMAC, "eth0"),
		// Never taken: it lets the kernel get as far as kube-proxy's rules.
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

// CableChange is the `ip -batch` line, for the control plane, that cuts a node
// off or heals it. The node's link stays up: it hears nothing of the cut.
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
