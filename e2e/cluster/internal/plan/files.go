package plan

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed stages.yaml
var stages string

// SimulatedSelector matches the simulated nodes.
const SimulatedSelector = "type=kwok"

// PauseImage is the image that keeps a pod's namespaces open.
const PauseImage = "localhost/pause:1"

// object is encoded as JSON, which is valid YAML.
type object map[string]any

// Files returns the content of every configuration file by its path.
func (s Spec) Files(snapshotter string) (map[string][]byte, error) {
	files := map[string][]byte{s.Path("kwok.yaml"): []byte(stages)}
	for _, n := range s.NodeList() {
		files[n.Path("containerd.toml")] = s.containerdConfig(n, snapshotter)
		for path, config := range map[string]object{
			n.Path("cni", "10-bridge.conflist"): n.cniConfig(),
			n.Path("kubelet.json"):              s.kubeletConfig(n),
			n.Path("kube-proxy.json"):           s.proxyConfig(n),
		} {
			data, err := json.MarshalIndent(config, "", "  ")
			if err != nil {
				return nil, fmt.Errorf("encode %s: %w", path, err)
			}
			files[path] = data
		}
	}
	return files, nil
}

func (s Spec) containerdConfig(n Node, snapshotter string) []byte {
	return fmt.Appendf(nil, `version = 3
root = %q
state = %q
# The opt plugin would make /opt/containerd on the host.
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = %q
[ttrpc]
  address = %q
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.cri.v1.images"]
  snapshotter = %q
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = %q
[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE no process may lower its score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = %q
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = [%q]
    conf_dir = %q
`, n.Path("containerd"), n.Path("containerd-state"), n.ContainerdSocket(), n.ContainerdSocket()+".ttrpc",
		snapshotter, PauseImage, s.RuncPath, s.CNIDir, n.Path("cni"))
}

func (n Node) cniConfig() object {
	return object{
		"cniVersion": "1.0.0",
		"name":       "pods",
		"plugins": []object{{
			"type":      "bridge",
			"bridge":    "cni0",
			"isGateway": true,
			"ipMasq":    false,
			"ipam": object{
				"type":    "host-local",
				"dataDir": n.Path("ipam"),
				"ranges":  [][]object{{{"subnet": n.PodCIDR}}},
				"routes":  []object{{"dst": "0.0.0.0/0"}},
			},
		}},
	}
}

func (s Spec) kubeletConfig(n Node) object {
	return object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1",
		"kind":       "KubeletConfiguration",
		"authentication": object{
			"anonymous": object{"enabled": false},
			"webhook":   object{"enabled": true},
			"x509":      object{"clientCAFile": s.Certificate("ca")},
		},
		"authorization":            object{"mode": "Webhook"},
		"tlsCertFile":              s.Certificate(n.Name + "-serving"),
		"tlsPrivateKeyFile":        s.Key(n.Name + "-serving"),
		"clusterDNS":               []string{controlPlaneIP},
		"clusterDomain":            ClusterDomain,
		"resolvConf":               "",
		"containerRuntimeEndpoint": "unix://" + n.ContainerdSocket(),
		"podLogsDir":               n.Path("pod-logs"),
		"maxPods":                  250,
		"failSwapOn":               false,
		"makeIPTablesUtilChains":   false,
		"serializeImagePulls":      false,
		// The kubelet must not evict pods because other programs fill the disk.
		"evictionHard":                object{},
		"imageGCHighThresholdPercent": 100,
		// Tests need a log that is longer than the controller saves.
		"containerLogMaxSize": "64Mi",
		// Works on cgroup v1 too, where a container lives right below cgroupRoot.
		"failCgroupV1":           false,
		"cgroupDriver":           "cgroupfs",
		"cgroupRoot":             s.NodeCgroup(n),
		"cgroupsPerQOS":          true,
		"enforceNodeAllocatable": []string{},
	}
}

func (s Spec) proxyConfig(n Node) object {
	return object{
		"apiVersion":       "kubeproxy.config.k8s.io/v1alpha1",
		"kind":             "KubeProxyConfiguration",
		"mode":             "nftables",
		"clientConnection": object{"kubeconfig": s.ComponentKubeconfig("kube-proxy")},
		"hostnameOverride": n.Name,
		"clusterCIDR":      podCIDR,
		// The sysctls behind these cannot be written inside a network namespace.
		"conntrack": object{"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
	}
}
