package preview

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func node(name string, ready corev1.ConditionStatus, labels map[string]string) corev1.Node {
	return corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}},
	}
}

func TestText(t *testing.T) {
	const after = "Not known: which nodes join, leave or change until the execution opens.\n"
	nodes := []corev1.Node{
		node("control-1", corev1.ConditionTrue, map[string]string{"role": "control"}),
		node("worker-1", corev1.ConditionTrue, map[string]string{"role": "worker", "disk": "ssd"}),
		node("worker-2", corev1.ConditionFalse, map[string]string{"role": "worker", "disk": "ssd"}),
		node("worker-3", corev1.ConditionTrue, map[string]string{"role": "worker", "disk": "hdd"}),
	}
	workers := map[string]v1alpha1.LabelValue{"role": "worker"}
	template := &corev1.PodTemplateSpec{}
	tests := map[string]struct {
		spec  v1alpha1.NodeCronJobSpec
		which *v1alpha1.ExecutionNodes
		want  string
	}{
		"all that the definition selects": {
			spec: v1alpha1.NodeCronJobSpec{JobNodeSelector: workers, Template: template},
			want: "As the cluster is now, it would run on 2 nodes: worker-1, worker-3.\nIt would skip: worker-2 (NodeNotReady).\n" + after,
		},
		"by a label": {
			spec:  v1alpha1.NodeCronJobSpec{JobNodeSelector: workers, Template: template},
			which: &v1alpha1.ExecutionNodes{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"disk": "hdd"}}},
			want:  "As the cluster is now, it would run on 1 node: worker-3.\n" + after,
		},
		"a template that rules nodes out": {
			spec: v1alpha1.NodeCronJobSpec{Template: &corev1.PodTemplateSpec{Spec: corev1.PodSpec{NodeSelector: map[string]string{"disk": "hdd"}}}},
			want: "As the cluster is now, it would run on 1 node: worker-3.\nNodes that the pod template rules out: 3.\n" + after,
		},
		"a textual template that rules nodes out": {
			spec: v1alpha1.NodeCronJobSpec{PodTemplate: "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector: {disk: hdd}\n  containers: [{name: check, image: example.com/check:1}]\n"},
			want: "As the cluster is now, it would run on 1 node: worker-3.\nNodes that the pod template rules out: 3.\n" + after,
		},
		"a node that there is not": {
			spec:  v1alpha1.NodeCronJobSpec{Template: template},
			which: &v1alpha1.ExecutionNodes{Names: []v1alpha1.NodeName{"worker-9"}},
			want:  "As the cluster is now, it would be rejected: NodesNotFound: ",
		},
		"a selector that is none": {
			spec:  v1alpha1.NodeCronJobSpec{Template: template},
			which: &v1alpha1.ExecutionNodes{Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Odd"}}}},
			want:  "Which nodes would take part is not known: ",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := Text(&v1alpha1.NodeCronJob{Spec: test.spec}, test.which, nodes)
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
