package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// onEveryNode is a pod template that is the same for every node.
type onEveryNode corev1.PodSpec

func (s onEveryNode) Of(string) (*corev1.PodSpec, error) { return (*corev1.PodSpec)(&s), nil }

func tolerating(tolerations ...corev1.Toleration) onEveryNode {
	return onEveryNode{Tolerations: tolerations}
}

func TestTaintsByTheirMeaning(t *testing.T) {
	const noSchedule, noExecute, prefer = corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule
	cases := map[string]struct {
		node   nodeOption
		policy NodePolicy

		wantLeft   execution.Reason // empty: it takes part
		wantTaints []execution.Taint
	}{
		"an autoscaler removes it":               {node: tainted("ToBeDeletedByClusterAutoscaler", "1732764000", noSchedule), wantLeft: execution.NodeLeaving},
		"an autoscaler might remove it":          {node: tainted("DeletionCandidateOfClusterAutoscaler", "1732764000", prefer)},
		"a removal that is only a hint":          {node: tainted("ToBeDeletedByClusterAutoscaler", "1732764000", prefer)},
		"karpenter removes it":                   {node: tainted("karpenter.sh/disrupted", "", noSchedule), wantLeft: execution.NodeLeaving},
		"karpenter before v1 removes it":         {node: tainted("karpenter.sh/disruption", "disrupting", noSchedule), wantLeft: execution.NodeLeaving},
		"karpenter does not know it yet":         {node: tainted("karpenter.sh/unregistered", "", noExecute), wantLeft: execution.NodeUninitialized},
		"its cloud does not know it yet":         {node: tainted("node.cloudprovider.kubernetes.io/uninitialized", "true", noSchedule), wantLeft: execution.NodeUninitialized},
		"its cloud has shut it down":             {node: tainted("node.cloudprovider.kubernetes.io/shutdown", "", noSchedule), wantLeft: execution.NodeLeaving},
		"it is out of service":                   {node: tainted("node.kubernetes.io/out-of-service", "nodeshutdown", noExecute), wantLeft: execution.NodeLeaving},
		"its spot instance ends":                 {node: tainted("aws-node-termination-handler/spot-itn", "i-1", noSchedule), wantLeft: execution.NodeLeaving},
		"its cloud announces the end":            {node: tainted("cloud.google.com/impending-node-termination", "", noSchedule), wantLeft: execution.NodeLeaving},
		"it is drained for maintenance":          {node: tainted("medik8s.io/drain", "", noSchedule), wantLeft: execution.NodeLeaving},
		"its network agent has not begun":        {node: tainted("node.cilium.io/agent-not-ready", "true", noExecute), wantLeft: execution.NodeUninitialized},
		"a rule says that it is not ready":       {node: tainted("readiness.k8s.io/StorageReady", "pending", noSchedule), wantLeft: execution.NodeUninitialized},
		"it is being set up":                     {node: tainted("startup-taint.cluster-autoscaler.kubernetes.io/swap", "", noSchedule), wantLeft: execution.NodeUninitialized},
		"it has no network":                      {node: tainted("node.kubernetes.io/network-unavailable", "", noSchedule), wantLeft: execution.NodeUninitialized},
		"it does not answer any more":            {node: tainted("node.kubernetes.io/unreachable", "", noExecute), wantLeft: execution.NodeNotReady},
		"it is not ready any more":               {node: tainted("node.kubernetes.io/not-ready", "", noExecute), wantLeft: execution.NodeNotReady},
		"a virtual kubelet":                      {node: tainted("virtual-kubelet.io/provider", "azure", noSchedule), wantLeft: execution.NodeVirtual},
		"a virtual kubelet by its label":         {node: labelled("type", "virtual-kubelet"), wantLeft: execution.NodeVirtual},
		"Fargate":                                {node: tainted("eks.amazonaws.com/compute-type", "fargate", noSchedule), wantLeft: execution.NodeVirtual},
		"Fargate by its label":                   {node: labelled("eks.amazonaws.com/compute-type", "fargate"), wantLeft: execution.NodeVirtual},
		"a machine of EKS":                       {node: labelled("eks.amazonaws.com/compute-type", "auto")},
		"a simulated machine":                    {node: tainted("kwok.x-k8s.io/node", "fake", noSchedule), wantTaints: []execution.Taint{{Key: "kwok.x-k8s.io/node", Value: "fake"}}},
		"a key that only begins so":              {node: tainted("karpenter.sh/disrupted-later", "", noSchedule), wantTaints: []execution.Taint{{Key: "karpenter.sh/disrupted-later"}}},
		"the control plane":                      {node: tainted("node-role.kubernetes.io/control-plane", "", noSchedule), wantTaints: []execution.Taint{{Key: "node-role.kubernetes.io/control-plane"}}},
		"the memory is low":                      {node: tainted("node.kubernetes.io/memory-pressure", "", noSchedule), wantTaints: []execution.Taint{{Key: "node.kubernetes.io/memory-pressure"}}},
		"not ready, as its condition was":        {node: tainted("node.kubernetes.io/not-ready", "", noSchedule), wantTaints: []execution.Taint{{Key: "node.kubernetes.io/not-ready"}}},
		"etcd, which pods have to leave":         {node: tainted("node-role.kubernetes.io/etcd", "true", noExecute), wantLeft: execution.NodeTainted},
		"a server of k3s":                        {node: tainted("CriticalAddonsOnly", "true", noExecute), wantLeft: execution.NodeTainted},
		"a virtual node that pods have to leave": {node: tainted("virtual-node.liqo.io/not-allowed", "true", noExecute), wantLeft: execution.NodeVirtual},
		"what leaves says more than a taint": {
			node: both(tainted("dedicated", "db", noExecute), tainted("karpenter.sh/disrupted", "", noSchedule)), wantLeft: execution.NodeLeaving,
		},
		"NoExecute is tolerated by the settings": {
			node:       both(tainted("dedicated", "db", noExecute), tainted("dedicated", "db", noSchedule)),
			policy:     NodePolicy{TolerateNoExecute: true},
			wantTaints: []execution.Taint{{Key: "dedicated", Value: "db", Effect: "NoExecute"}, {Key: "dedicated", Value: "db"}},
		},
		"the settings tolerate no node that leaves": {
			node: tainted("karpenter.sh/unregistered", "", noExecute), policy: NodePolicy{TolerateNoExecute: true}, wantLeft: execution.NodeUninitialized,
		},
		"NoExecute is tolerated by the template": {
			node:   tainted("dedicated", "db", noExecute),
			policy: NodePolicy{Templates: tolerating(corev1.Toleration{Key: "dedicated", Operator: corev1.TolerationOpExists})},
		},
		"NoExecute is tolerated by a template that tolerates everything": {
			node:   tainted("dedicated", "db", noExecute),
			policy: NodePolicy{Templates: tolerating(corev1.Toleration{Operator: corev1.TolerationOpExists})},
		},
		"another value is tolerated by the template": {
			node:     tainted("dedicated", "db", noExecute),
			policy:   NodePolicy{Templates: tolerating(corev1.Toleration{Key: "dedicated", Value: "web"})},
			wantLeft: execution.NodeTainted,
		},
		"everything is tolerated, which does not name a node that leaves": {
			node:     tainted("ToBeDeletedByClusterAutoscaler", "1", noSchedule),
			policy:   NodePolicy{Templates: tolerating(corev1.Toleration{Operator: corev1.TolerationOpExists})},
			wantLeft: execution.NodeLeaving,
		},
		"a node that leaves is asked for by name": {
			node:   tainted("ToBeDeletedByClusterAutoscaler", "1", noSchedule),
			policy: NodePolicy{Templates: tolerating(corev1.Toleration{Key: "ToBeDeletedByClusterAutoscaler", Operator: corev1.TolerationOpExists})},
		},
		"Fargate is asked for by name": {
			node:   both(labelled("eks.amazonaws.com/compute-type", "fargate"), tainted("eks.amazonaws.com/compute-type", "fargate", noSchedule)),
			policy: NodePolicy{Templates: tolerating(corev1.Toleration{Key: "eks.amazonaws.com/compute-type", Value: "fargate"})},
		},
		"a pod on the node's network needs no other": {
			node:       tainted("node.kubernetes.io/network-unavailable", "", noSchedule),
			policy:     NodePolicy{Templates: onEveryNode{HostNetwork: true}},
			wantTaints: []execution.Taint{{Key: "node.kubernetes.io/network-unavailable"}},
		},
		"a cordoned node that may take part, and leaves": {
			node: both(cordoned, tainted("ToBeDeletedByClusterAutoscaler", "1", noSchedule)), policy: NodePolicy{RunOnUnscheduledNodes: true}, wantLeft: execution.NodeLeaving,
		},
		"a node that is not ready, and leaves": {
			node: both(ready(corev1.ConditionFalse), tainted("ToBeDeletedByClusterAutoscaler", "1", noSchedule)), wantLeft: execution.NodeNotReady,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := SelectNodes(tc.policy, []*corev1.Node{readyNode("a", tc.node)})
			want := Selection{Nodes: []execution.Node{{Name: "a", UID: "uid-a", Taints: tc.wantTaints}}}
			if tc.wantLeft != "" {
				want = Selection{Skipped: []execution.Skip{{Node: "a", Reason: tc.wantLeft}}}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func both(a, b nodeOption) nodeOption {
	return func(n *corev1.Node) {
		a(n)
		b(n)
	}
}
