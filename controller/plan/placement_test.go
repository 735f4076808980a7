package plan

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestNodesThatTheTemplateExcludes(t *testing.T) {
	affinity := func(terms ...corev1.NodeSelectorTerm) onEveryNode {
		return onEveryNode{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms},
		}}}
	}
	term := func(key string, operator corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
	}
	nodes := []*corev1.Node{
		readyNode("linux", labelled("kubernetes.io/os", "linux"), labelled("disk", "ssd")),
		readyNode("windows", labelled("kubernetes.io/os", "windows")),
		readyNode("says-nothing"),
	}
	cases := map[string]struct {
		template Templates
		selector map[string]string

		want         []string
		wantExcluded int
	}{
		"nothing is said":             {template: onEveryNode{}, want: []string{"linux", "says-nothing", "windows"}},
		"no template":                 {want: []string{"linux", "says-nothing", "windows"}},
		"a node selector":             {template: onEveryNode{NodeSelector: map[string]string{"disk": "ssd"}}, want: []string{"linux"}, wantExcluded: 2},
		"a selector that none has":    {template: onEveryNode{NodeSelector: map[string]string{"disk": "tape"}}, wantExcluded: 3},
		"an affinity":                 {template: affinity(term("kubernetes.io/os", corev1.NodeSelectorOpNotIn, "windows")), want: []string{"linux", "says-nothing"}, wantExcluded: 1},
		"affinities are alternatives": {template: affinity(term("disk", corev1.NodeSelectorOpExists), term("kubernetes.io/os", corev1.NodeSelectorOpIn, "windows")), want: []string{"linux", "windows"}, wantExcluded: 1},
		"an affinity to a name": {template: affinity(corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{
			{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"windows"}},
		}}), want: []string{"windows"}, wantExcluded: 2},
		"an affinity that is wrong is for the API server": {template: affinity(term("disk", "Like", "ssd")), want: []string{"linux", "says-nothing", "windows"}},
		"an affinity without terms":                       {template: affinity(), want: []string{"linux", "says-nothing", "windows"}},
		"a preference excludes nothing": {
			template: onEveryNode{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 1, Preference: term("disk", corev1.NodeSelectorOpExists)}},
			}}},
			want: []string{"linux", "says-nothing", "windows"},
		},
		"an operating system":              {template: onEveryNode{OS: &corev1.PodOS{Name: corev1.Linux}}, want: []string{"linux", "says-nothing"}, wantExcluded: 1},
		"a node's name":                    {template: onEveryNode{NodeName: "linux"}, want: []string{"linux"}, wantExcluded: 2},
		"all of it together":               {template: onEveryNode{NodeName: "linux", NodeSelector: map[string]string{"disk": "tape"}}, wantExcluded: 3},
		"what the selector does not match": {template: onEveryNode{NodeName: "linux"}, selector: map[string]string{"disk": "ssd"}, want: []string{"linux"}},
		"each node has its own":            {template: byNode{"linux": {NodeName: "windows"}, "windows": {NodeName: "windows"}}, want: []string{"says-nothing", "windows"}, wantExcluded: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := SelectNodes(NodePolicy{Selector: tc.selector, Templates: tc.template}, nodes)
			var taking []string
			for _, node := range got.Nodes {
				taking = append(taking, node.Name)
			}
			if diff := cmp.Diff(tc.want, taking); diff != "" {
				t.Errorf("taking part (-want +got):\n%s", diff)
			}
			if got.Excluded != tc.wantExcluded || len(got.Skipped) > 0 {
				t.Errorf("excluded %d, left out %v; want %d and none", got.Excluded, got.Skipped, tc.wantExcluded)
			}
		})
	}
}

// byNode is a pod template that differs by node, and fails for unlisted nodes.
type byNode map[string]corev1.PodSpec

func (b byNode) Of(node string) (*corev1.PodSpec, error) {
	spec, ok := b[node]
	if !ok {
		return nil, errors.New("fails for this node")
	}
	return &spec, nil
}

// A node that the template excludes takes no part, and is not skipped for another reason
// either.
func TestExcludedNodeIsNotLeftOut(t *testing.T) {
	nodes := []*corev1.Node{readyNode("a", cordoned), readyNode("b", ready(corev1.ConditionFalse)), readyNode("c")}
	got := SelectNodes(NodePolicy{Templates: byNode{"a": {NodeName: "c"}, "b": {NodeName: "b"}, "c": {NodeName: "a"}}}, nodes)
	want := Selection{Skipped: []execution.Skip{{Node: "b", Reason: execution.NodeNotReady}}, Excluded: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
