package rig

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/follow"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

const (
	// siteLabel has the namespace of a node's site.
	siteLabel = "e2e.batch-job-controller.io/site"
	// kwok simulates the nodes with this label.
	simulatedLabel, simulated = "type", "kwok"

	nodesTimeout = 2 * time.Minute
	nodeTimeout  = 150 * time.Millisecond // in addition, for each node
)

// NodeSelector selects the nodes of the site.
func (s *Site) NodeSelector() map[string]string { return map[string]string{siteLabel: s.Namespace} }

// AddNodes adds n nodes named after the site, and waits until pods can run on
// them.
func (s *Site) AddNodes(n int) []string {
	s.tb.Helper()
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%04d", s.Namespace, i)
	}
	s.AddNodesNamed(names...)
	return names
}

// AddNodesNamed adds nodes of the given names, and waits until pods can run on
// them.
func (s *Site) AddNodesNamed(names ...string) {
	s.tb.Helper()
	nodes := make([]*corev1.Node, 0, len(names))
	for _, name := range names {
		nodes = append(nodes, s.node(name))
	}
	s.addNodes(nodes)
}

// AddDeadNode adds a node that is Ready, but does not run pods.
func (s *Site) AddDeadNode(name string) {
	s.tb.Helper()
	s.addNodes([]*corev1.Node{s.deadNode(name)})
}

// AddDeadNodes adds n nodes that are Ready, but do not run pods. Fill adds what else their
// kubelets and clouds would have written.
func (s *Site) AddDeadNodes(n int, fill func(*corev1.Node)) {
	s.tb.Helper()
	nodes := make([]*corev1.Node, n)
	for i := range nodes {
		nodes[i] = s.deadNode(fmt.Sprintf("%s-%05d", s.Namespace, i))
		fill(nodes[i])
	}
	s.addNodes(nodes)
}

func (s *Site) deadNode(name string) *corev1.Node {
	node := s.node(name)
	delete(node.Labels, simulatedLabel)
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastHeartbeatTime: metav1.Now()}}
	return node
}

func (s *Site) addNodes(nodes []*corev1.Node) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), nodesTimeout+time.Duration(len(nodes))*nodeTimeout)
	defer cancel()
	before, err := s.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		s.tb.Fatal(err)
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	missing := make(map[string]bool, len(nodes))
	for _, node := range nodes {
		missing[node.Name] = true
		group.Go(func() error {
			_, err := s.Client.CoreV1().Nodes().Create(groupCtx, node, metav1.CreateOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		s.tb.Fatal(err)
	}
	err = follow.Changes(ctx, before.ResourceVersion, s.Client.CoreV1().Nodes().Watch, "", func(_ watch.EventType, node *corev1.Node, _ time.Time) bool {
		if usable(node) {
			delete(missing, node.Name)
		}
		return len(missing) > 0
	})
	if err != nil {
		s.tb.Fatalf("%d of %d nodes are not ready for pods: %v", len(missing), len(nodes), err)
	}
}

func (s *Site) node(name string) *corev1.Node {
	resources := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("32"),
		corev1.ResourceMemory: resource.MustParse("64Gi"),
		corev1.ResourcePods:   resource.MustParse("110"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{simulatedLabel: simulated, siteLabel: s.Namespace}},
		Status:     corev1.NodeStatus{Allocatable: resources, Capacity: resources},
	}
}

func usable(node *corev1.Node) bool {
	return len(node.Spec.Taints) == 0 && slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// EndPod ends a pod on a simulated node with success.
func (s *Site) EndPod(ctx context.Context, pod *corev1.Pod) error {
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"1ms"}}}`, cluster.RunForAnnotation)
	_, err := s.Client.CoreV1().Pods(s.Namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("end pod %s: %w", pod.Name, err)
	}
	return nil
}
