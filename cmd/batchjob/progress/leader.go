package progress

import (
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// LeaderText says which of a controller's pods is the leader, or why none is. lease
// is nil if it does not exist.
func LeaderText(lease *coordinationv1.Lease, pods []corev1.Pod, now time.Time) string {
	if lease == nil {
		return "none: the Lease does not exist; the first ready replica creates it"
	}
	holder := valueOf(lease.Spec.HolderIdentity)
	if holder == "" {
		return fmt.Sprintf("none: Lease %s was released, and no replica has acquired it", lease.Name)
	}
	if lease.Spec.RenewTime == nil || lease.Spec.LeaseDurationSeconds == nil {
		return fmt.Sprintf("unknown: Lease %s does not say until when %s holds it", lease.Name, plain(holder))
	}
	ends := lease.Spec.RenewTime.Add(time.Duration(*lease.Spec.LeaseDurationSeconds) * time.Second)
	name, pod := podOf(holder, pods)
	switch held := ends.After(now); {
	case pod != nil && held:
		return "pod " + pod.Name
	case pod != nil:
		return fmt.Sprintf("none: pod %s has not renewed Lease %s, which expired at %s", pod.Name, lease.Name, clock(ends))
	case held:
		return fmt.Sprintf("none of its pods: %s holds Lease %s until %s; then another replica can acquire it. "+
			"If the Lease is renewed, another controller has the same name", name, lease.Name, clock(ends))
	default:
		return fmt.Sprintf("none: %s, which no longer exists, held Lease %s until %s, and no replica has acquired it since", name, lease.Name, clock(ends))
	}
}

// podOf returns the pod of an identity, or nil, and its name. An identity consists of
// the host name, a random part, and an optional address: hostname_uuid@address.
func podOf(identity string, pods []corev1.Pod) (name string, pod *corev1.Pod) {
	process, address, _ := strings.Cut(identity, "@")
	host := process
	if at := strings.LastIndex(process, "_"); at >= 0 {
		host = process[:at]
	}
	for i := range pods {
		if p := &pods[i]; hostOf(p) == host || (address != "" && p.Status.PodIP == address) {
			return p.Name, p
		}
	}
	return plain(host), nil
}

// hostOf returns the host name in a pod's containers.
func hostOf(pod *corev1.Pod) string {
	switch {
	case pod.Spec.HostNetwork:
		return pod.Spec.NodeName
	case pod.Spec.Hostname != "":
		return pod.Spec.Hostname
	}
	return strings.TrimRight(pod.Name[:min(len(pod.Name), validation.DNS1123LabelMaxLength)], "-.")
}

func valueOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func clock(at time.Time) string { return at.UTC().Format("15:04:05 MST") }
