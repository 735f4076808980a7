package plan

// Identity is a certificate that the cluster's authority signs.
type Identity struct {
	File   string // below pki/, without extension
	User   string
	Groups []string
	Hosts  []string // set for servers
	// Kubeconfig, if set, is the kubeconfig file with the certificate for Server.
	Kubeconfig string
	Server     string
}

// Identities returns every certificate of the cluster.
func (s Spec) Identities() []Identity {
	internal := "https://" + s.APIAddress()
	masters := []string{"system:masters"}
	ids := []Identity{
		{File: "admin", User: "admin", Groups: masters, Kubeconfig: s.Kubeconfig(), Server: s.HostURL()},
		s.component("supervisor", "supervisor", masters...),
		// All controllers share this identity: at 20 requests a second, creating a
		// ServiceAccount for each controller would take five seconds.
		s.component("kube-controller-manager", "system:kube-controller-manager", masters...),
		s.component("kube-scheduler", "system:kube-scheduler"),
		s.component("kwok", "kwok", masters...),
		{File: "service-account", User: "service-accounts"},
		{File: "kubelet-client", User: "kube-apiserver", Groups: masters},
		{File: "apiserver", User: "kube-apiserver", Hosts: []string{
			"127.0.0.1", controlPlaneIP, apiServiceIP, "localhost", "kubernetes", "kubernetes.default",
			"kubernetes.default.svc", "kubernetes.default.svc." + ClusterDomain,
		}},
	}
	if s.Isolated() {
		ids = append(ids, s.component("kube-proxy", "system:kube-proxy"))
	}
	for _, n := range s.NodeList() {
		ids = append(ids,
			Identity{
				File: n.Name, User: "system:node:" + n.Name, Groups: []string{"system:nodes"},
				Kubeconfig: n.Path("kubeconfig"), Server: internal,
			},
			Identity{File: n.Name + "-serving", User: "system:node:" + n.Name, Hosts: []string{n.Name, n.IP}},
		)
	}
	return ids
}

func (s Spec) component(name, user string, groups ...string) Identity {
	return Identity{
		File: name, User: user, Groups: groups,
		Kubeconfig: s.ComponentKubeconfig(name), Server: "https://" + s.APIAddress(),
	}
}

// ComponentKubeconfig is the kubeconfig of a control plane process.
func (s Spec) ComponentKubeconfig(name string) string { return s.Path("kubeconfigs", name) }

// Certificate is the certificate file of an identity, or of the authority, "ca".
func (s Spec) Certificate(file string) string { return s.Path("pki", file+".crt") }

// Key is the file of the private key for Certificate.
func (s Spec) Key(file string) string { return s.Path("pki", file+".key") }
