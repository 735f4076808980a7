package progress

import (
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// LeaderText says which of a controller's pods leads, or why none does. Lease is
// nil if there is none.
func LeaderText(lease *coordinationv1.Lease, pods []corev1.Pod, now time.Time) string {
	if lease == nil {
		return "none: there is no Lease, which the first replica that is ready makes"
	}
	holder := valueOf(lease.Spec.HolderIdentity)
	if holder == "" {
		return fmt.Sprintf("none: Lease %s was given back, and no replica has taken it", lease.Name)
	}
	if lease.Spec.RenewTime == nil || lease.Spec.LeaseDurationSeconds == nil {
		return fmt.Sprintf("not known: Lease %s does not say until when %s holds it", lease.Name, plain(holder))
	}
	ends := lease.Spec.RenewTime.Add(time.Duration(*lease.Spec.LeaseDurationSeconds) * time.Second)
	name, pod := podOf(holder, pods)
	switch held := ends.After(now); {
	case pod != nil && held:
		return "pod " + pod.Name
	case pod != nil:
		return fmt.Sprintf("none: pod %s has not renewed Lease %s, which ended at %s", pod.Name, lease.Name, clock(ends))
	case held:
		return fmt.Sprintf("none of its pods: %s holds Lease %s until %s, and then another replica may lead. "+
			"If it renews it, another controller has the same name", name, lease.Name, clock(ends))
	default:
		return fmt.Sprintf("none: %s, which is not there any more, held Lease %s until %s, and no replica has taken it since", name, lease.Name, clock(ends))
	}
}

// podOf returns the pod that is the replica of an identity, or nil, and how to
// call it. An identity is the host name, a random part, and the address, if it
// has one: hostname_uuid@address.
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

// hostOf returns the host name that a pod's containers see.
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
