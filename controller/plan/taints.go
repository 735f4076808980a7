package plan

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// taintMeaning is what a taint says about a node besides keeping pods away.
type taintMeaning struct {
	key    string             // a prefix if it ends with a slash
	value  string             // empty: any
	effect corev1.TaintEffect // empty: NoSchedule and NoExecute
	reason execution.Reason
}

// taintMeanings are the taints of Kubernetes, autoscalers, clouds and node agents on
// nodes that are skipped. A pod template that tolerates everything does not change
// that, only a toleration that names the taint. With PreferNoSchedule they are hints: a
// node may carry them for hours and stay.
//
// A new taint goes below the comment with its meaning, and into the table of reasons in
// docs/configuration.md; TestTaintsByTheirMeaning tests it. A new meaning needs a
// Reason, which execution/task.go declares and metrics/preset.go starts at 0.
var taintMeanings = []taintMeaning{
	// The node is about to be drained, deleted or shut down.
	{key: "ToBeDeletedByClusterAutoscaler", reason: execution.NodeLeaving},
	{key: "karpenter.sh/disrupted", reason: execution.NodeLeaving},
	{key: "karpenter.sh/disruption", reason: execution.NodeLeaving}, // before v1
	{key: corev1.TaintNodeOutOfService, reason: execution.NodeLeaving},
	{key: "node.cloudprovider.kubernetes.io/shutdown", reason: execution.NodeLeaving},
	{key: "cloud.google.com/impending-node-termination", reason: execution.NodeLeaving},
	{key: "aws-node-termination-handler/", reason: execution.NodeLeaving},
	{key: "medik8s.io/drain", reason: execution.NodeLeaving},
	{key: "kubevirt.io/drain", reason: execution.NodeLeaving},

	// The node lacks a component that pods need.
	{key: "node.cloudprovider.kubernetes.io/uninitialized", reason: execution.NodeUninitialized},
	{key: "node.cluster.x-k8s.io/uninitialized", reason: execution.NodeUninitialized},
	{key: "karpenter.sh/unregistered", reason: execution.NodeUninitialized},
	{key: "node.cilium.io/agent-not-ready", reason: execution.NodeUninitialized},
	{key: "ebs.csi.aws.com/agent-not-ready", reason: execution.NodeUninitialized},
	{key: "efs.csi.aws.com/agent-not-ready", reason: execution.NodeUninitialized},
	{key: "fsx.csi.aws.com/agent-not-ready", reason: execution.NodeUninitialized},
	{key: "node.gardener.cloud/critical-components-not-ready", reason: execution.NodeUninitialized},
	{key: "readiness.k8s.io/", reason: execution.NodeUninitialized},
	{key: "startup-taint.cluster-autoscaler.kubernetes.io/", reason: execution.NodeUninitialized},
	{key: corev1.TaintNodeNetworkUnavailable, reason: execution.NodeUninitialized},

	// The taint contradicts the Ready condition, which is set and cleared earlier.
	// With NoSchedule alone the pod would run.
	{key: corev1.TaintNodeNotReady, effect: corev1.TaintEffectNoExecute, reason: execution.NodeNotReady},
	{key: corev1.TaintNodeUnreachable, effect: corev1.TaintEffectNoExecute, reason: execution.NodeNotReady},

	// The node is virtual: it stands for a service that runs pods elsewhere.
	{key: "virtual-kubelet.io/", reason: execution.NodeVirtual},
	{key: "eks.amazonaws.com/compute-type", value: "fargate", reason: execution.NodeVirtual},
	{key: "virtual-node.liqo.io/", reason: execution.NodeVirtual},
	{key: "virtual-node.interlink/", reason: execution.NodeVirtual},
}

// virtualLabels mark virtual nodes that may have no taint.
var virtualLabels = map[string]string{
	"type":                           "virtual-kubelet",
	"eks.amazonaws.com/compute-type": "fargate",
	"liqo.io/type":                   "virtual-node",
}

// of reports whether a taint has this meaning.
func (m taintMeaning) of(taint corev1.Taint) bool {
	return (taint.Key == m.key || (strings.HasSuffix(m.key, "/") && strings.HasPrefix(taint.Key, m.key))) &&
		(m.value == "" || m.value == taint.Value) && (m.effect == "" || m.effect == taint.Effect)
}

// checkTaints returns why a node is skipped, or the taints that its pod has to
// tolerate in addition to the template's tolerations. A taint that the template
// tolerates by name never skips a node: the operator has asked for it.
//
// The unschedulable taint is ignored: runOnUnscheduledNodes decides about it.
func checkTaints(policy NodePolicy, spec *corev1.PodSpec, node *corev1.Node) (reason execution.Reason, tolerate []execution.Taint) {
	if isVirtual(node) && !asksForVirtual(spec) {
		return execution.NodeVirtual, nil
	}
	for _, taint := range node.Spec.Taints {
		if taint.Effect == corev1.TaintEffectPreferNoSchedule || taint.Key == corev1.TaintNodeUnschedulable || toleratedByName(spec, taint) {
			continue
		}
		if meaning := meaningOf(spec, taint); meaning != "" {
			return meaning, nil // more specific than NodeTainted
		}
		switch {
		case taint.Effect == corev1.TaintEffectNoSchedule:
			tolerate = append(tolerate, execution.Taint{Key: taint.Key, Value: taint.Value})
		case tolerated(spec, taint):
		case policy.TolerateNoExecute:
			tolerate = append(tolerate, execution.Taint{Key: taint.Key, Value: taint.Value, Effect: string(taint.Effect)})
		default:
			reason = execution.NodeTainted
		}
	}
	if reason != "" {
		tolerate = nil
	}
	return reason, tolerate
}

// meaningOf returns the reason that a taint means for the pod, or nothing. Pods
// with hostNetwork need no pod network.
func meaningOf(spec *corev1.PodSpec, taint corev1.Taint) execution.Reason {
	if taint.Key == corev1.TaintNodeNetworkUnavailable && spec.HostNetwork {
		return ""
	}
	for _, m := range taintMeanings {
		if m.of(taint) {
			return m.reason
		}
	}
	return ""
}

func tolerated(spec *corev1.PodSpec, taint corev1.Taint) bool {
	return slices.ContainsFunc(spec.Tolerations, func(t corev1.Toleration) bool { return tolerates(t, taint) })
}

func toleratedByName(spec *corev1.PodSpec, taint corev1.Taint) bool {
	return slices.ContainsFunc(spec.Tolerations, func(t corev1.Toleration) bool { return t.Key == taint.Key && tolerates(t, taint) })
}

// tolerates also supports the numeric operators: a cluster that does not support
// them rejects the template.
func tolerates(t corev1.Toleration, taint corev1.Taint) bool {
	return t.ToleratesTaint(klog.Logger{}, &taint, true)
}

func isVirtual(node *corev1.Node) bool {
	for key, value := range virtualLabels {
		if node.Labels[key] == value {
			return true
		}
	}
	return false
}

// asksForVirtual reports whether the template tolerates by name a taint that only
// virtual nodes have.
func asksForVirtual(spec *corev1.PodSpec) bool {
	return slices.ContainsFunc(spec.Tolerations, func(t corev1.Toleration) bool {
		return meaningOf(spec, corev1.Taint{Key: t.Key, Value: virtualLabels[t.Key], Effect: corev1.TaintEffectNoSchedule}) == execution.NodeVirtual
	})
}
