//go:build e2e

package bench

import (
	"fmt"
	"hash/fnv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	reportedImages = 50 // of each node: the most that a kubelet reports
	cloudLabels    = 20
)

// fillNode adds to a node what the kubelet and the cloud of a large cluster write: without it,
// an API server answers lists and watches of many nodes sooner than it would there.
func fillNode(node *corev1.Node) {
	address := hash(node.Name)
	for key, value := range map[string]string{
		corev1.LabelHostname:           node.Name,
		corev1.LabelArchStable:         "amd64",
		corev1.LabelOSStable:           "linux",
		corev1.LabelTopologyRegion:     "region-1",
		corev1.LabelTopologyZone:       fmt.Sprintf("region-1-%c", 'a'+address%3),
		corev1.LabelInstanceTypeStable: "standard-32-128",
	} {
		node.Labels[key] = value
	}
	for i := range cloudLabels {
		node.Labels[fmt.Sprintf("cloud.example.com/property-%02d", i)] = fmt.Sprintf("value-%08x-%02d", address, i)
	}
	node.Annotations = map[string]string{
		"node.alpha.kubernetes.io/ttl":                           "300", // as in a large cluster: it is not changed
		"volumes.kubernetes.io/controller-managed-attach-detach": "true",
		"csi.volume.kubernetes.io/nodeid":                        fmt.Sprintf(`{"disk.csi.example.com":"projects/example/zones/region-1/instances/%s"}`, node.Name),
	}
	node.Spec.ProviderID = "example://region-1/" + node.Name
	node.Status.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.%d.%d.%d", address>>16&0xff, address>>8&0xff, address&0xff)},
		{Type: corev1.NodeHostName, Address: node.Name},
		{Type: corev1.NodeInternalDNS, Address: node.Name + ".internal.example.com"},
	}
	node.Status.Capacity[corev1.ResourceEphemeralStorage] = resource.MustParse("100Gi")
	for _, pressure := range []corev1.NodeConditionType{corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure} {
		node.Status.Conditions = append(node.Status.Conditions, corev1.NodeCondition{
			Type: pressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNo" + string(pressure), Message: "kubelet has no " + string(pressure),
			LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now(),
		})
	}
	node.Status.NodeInfo = corev1.NodeSystemInfo{
		MachineID: node.Name, SystemUUID: node.Name, BootID: node.Name, KernelVersion: "6.12.0-generic", OSImage: "Example Linux 12",
		ContainerRuntimeVersion: "containerd://2.1.0", KubeletVersion: "v1.34.0", OperatingSystem: "linux", Architecture: "amd64",
	}
	for i := range reportedImages {
		repository := fmt.Sprintf("registry.example.com/platform/components/image-%02d", i)
		node.Status.Images = append(node.Status.Images, corev1.ContainerImage{
			Names: []string{fmt.Sprintf("%s@sha256:%064x", repository, i), repository + ":v1.2.3"}, SizeBytes: 100 << 20,
		})
	}
}

func hash(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // it never fails
	return h.Sum32()
}
