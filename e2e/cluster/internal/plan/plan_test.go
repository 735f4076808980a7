package plan

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLinks(t *testing.T) {
	spec := Spec{Nodes: 2}
	wantControlPlane := []string{
		"link set lo up",
		"link add br0 address 02:00:00:00:00:01 type bridge",
		"addr add 10.77.0.1/24 dev br0",
		"link set br0 up",
		"netns add node-1",
		"link add v-node-1 type veth peer name eth0 address 02:00:00:00:01:01 netns node-1",
		"link set v-node-1 master br0 up",
		"neigh add 10.77.0.11 lladdr 02:00:00:00:01:01 dev br0 nud permanent",
		"route add 10.88.1.0/24 via 10.77.0.11",
		"netns add node-2",
		"link add v-node-2 type veth peer name eth0 address 02:00:00:00:01:02 netns node-2",
		"link set v-node-2 master br0 up",
		"neigh add 10.77.0.12 lladdr 02:00:00:00:01:02 dev br0 nud permanent",
		"route add 10.88.2.0/24 via 10.77.0.12",
		"route add 10.96.0.0/16 via 10.77.0.11",
	}
	if got := spec.ControlPlaneLinks(); !slices.Equal(got, wantControlPlane) {
		t.Errorf("control plane: got\n%s", strings.Join(got, "\n"))
	}
	wantNode := []string{
		"link set lo up",
		"addr add 10.77.0.12/24 dev eth0",
		"link set eth0 up",
		"neigh add 10.77.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent",
		"route add 10.96.0.0/16 via 10.77.0.1",
		"neigh add 10.77.0.11 lladdr 02:00:00:00:01:01 dev eth0 nud permanent",
		"route add 10.88.1.0/24 via 10.77.0.11",
	}
	if got := spec.NodeLinks(spec.NodeList()[1]); !slices.Equal(got, wantNode) {
		t.Errorf("node-2: got\n%s", strings.Join(got, "\n"))
	}
}

func TestCableChange(t *testing.T) {
	tests := map[string]struct {
		action string
		want   string
		wantOK bool
	}{
		"a cut leaves the link up":    {"cut", "link set v-node-1 nomaster", true},
		"healing reconnects the node": {"heal", "link set v-node-1 master br0", true},
		"an unknown action":           {"burn", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := Spec{}.CableChange(Node{Link: "v-node-1"}, tt.action)
			if got != tt.want || ok != tt.wantOK {
				t.Errorf("got %q, %t, want %q, %t", got, ok, tt.want, tt.wantOK)
			}
		})
	}
}

// The kernel limits the name of a network link to 15 characters.
func TestLinkNamesFit(t *testing.T) {
	for _, n := range (Spec{Nodes: MaxNodes}).NodeList() {
		if len(n.Link) > 15 {
			t.Fatalf("link name %q is too long", n.Link)
		}
	}
}

func TestProcesses(t *testing.T) {
	tests := map[string]struct {
		spec Spec

		process   string
		wantNetns string
		want      []string
		wantNot   []string
	}{
		"etcd does not sync by default": {
			process: Etcd, want: []string{"--unsafe-no-fsync"},
		},
		"etcd syncs with EtcdFsync": {
			spec: Spec{EtcdFsync: true}, process: Etcd, wantNot: []string{"--unsafe-no-fsync"},
		},
		"the Job controller is slow by default": {
			process: ControllerManager, wantNot: []string{"--concurrent-job-syncs=50"},
		},
		"the Job controller is fast with FastJobs": {
			spec: Spec{FastJobs: true}, process: ControllerManager, want: []string{"--concurrent-job-syncs=50", "--kube-api-qps=1000"},
		},
		"simulated nodes may be late with their heartbeats": {
			process: ControllerManager, want: []string{"--node-monitor-grace-period=10m"},
		},
		"the heartbeats of nodes count": {
			spec: Spec{Nodes: 1}, process: ControllerManager, wantNot: []string{"--node-monitor-grace-period=10m"},
		},
		"without nodes the API server shares its reserved port": {
			spec: Spec{APIPort: 4711}, process: APIServer, want: []string{"--secure-port=4711", "--permit-port-sharing=true"},
		},
		"with nodes the API server is an endpoint": {
			spec: Spec{Nodes: 1, APIPort: 4711}, process: APIServer,
			want: []string{"--secure-port=6443", "--endpoint-reconciler-type=lease"},
		},
		"a kubelet runs on its node": {
			spec: Spec{Nodes: 2}, process: "kubelet-node-2", wantNetns: "node-2", want: []string{"--node-ip=10.77.0.12"},
		},
		"extra arguments come last": {
			spec:    Spec{Nodes: 1, ExtraArgs: map[string][]string{"kubelet": {"--v=9"}}},
			process: "kubelet-node-1", wantNetns: "node-1", want: []string{"--v=9"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			list := tc.spec.Processes()
			i := slices.IndexFunc(list, func(p Process) bool { return p.Name == tc.process })
			if i < 0 {
				t.Fatalf("no process %s", tc.process)
			}
			if list[i].Netns != tc.wantNetns {
				t.Errorf("network namespace %q, want %q", list[i].Netns, tc.wantNetns)
			}
			for _, arg := range tc.want {
				if !slices.Contains(list[i].Argv, arg) {
					t.Errorf("no %s in %q", arg, list[i].Argv)
				}
			}
			for _, arg := range tc.wantNot {
				if slices.Contains(list[i].Argv, arg) {
					t.Errorf("%s in %q", arg, list[i].Argv)
				}
			}
		})
	}
}

func TestFilesDecode(t *testing.T) {
	files, err := Spec{Dir: "/state", Nodes: 2}.Files("overlayfs")
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range files {
		if ext := filepath.Ext(path); ext != ".json" && ext != ".conflist" {
			continue
		}
		if !json.Valid(data) {
			t.Errorf("%s is not JSON:\n%s", path, data)
		}
	}
	if len(files) != 1+2*4 {
		t.Errorf("%d files", len(files))
	}
}

func TestEveryServerIsKnownByItsAddress(t *testing.T) {
	spec := Spec{Nodes: 2}
	hosts := map[string][]string{}
	for _, id := range spec.Identities() {
		hosts[id.File] = id.Hosts
	}
	for file, host := range map[string]string{"apiserver": apiServiceIP, "node-2-serving": "10.77.0.12"} {
		if !slices.Contains(hosts[file], host) {
			t.Errorf("certificate %s is not for %s but for %q", file, host, hosts[file])
		}
	}
}
