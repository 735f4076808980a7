package preview

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Text says which of some nodes an execution would run on, as they are now, or why that is
// not known.
func Text(d *v1alpha1.NodeCronJob, which *v1alpha1.ExecutionNodes, nodes []corev1.Node) string {
	all := make([]*corev1.Node, 0, len(nodes))
	for i := range nodes {
		all = append(all, &nodes[i])
	}
	selected, err := selectNodes(d, which, all)
	var rejected *plan.RejectError
	switch {
	case errors.As(err, &rejected):
		return fmt.Sprintf("As the cluster is now, it would be rejected: %s: %s.\n", rejected.Reason, rejected.Message)
	case err != nil:
		return Unknown(err.Error())
	}
	return selectionText(selected)
}

// Unknown says that the nodes are not known, and why.
func Unknown(why string) string {
	return fmt.Sprintf("Which nodes would take part is not known: %s\n", why)
}

// selectNodes selects nodes as the controller does when it opens an execution.
func selectNodes(d *v1alpha1.NodeCronJob, which *v1alpha1.ExecutionNodes, all []*corev1.Node) (plan.Selection, error) {
	var by plan.Narrowing
	if which != nil {
		for _, name := range which.Names {
			by.Names = append(by.Names, string(name))
		}
		if which.Selector != nil {
			selector, err := metav1.LabelSelectorAsSelector(which.Selector)
			if err != nil {
				return plan.Selection{}, err
			}
			by.Selector = selector
		}
	}
	return plan.Narrow(plan.SelectNodes(policyOf(d), all), by, all)
}

func policyOf(d *v1alpha1.NodeCronJob) plan.NodePolicy {
	policy := plan.NodePolicy{
		Selector:              map[string]string{},
		RunOnUnscheduledNodes: d.Spec.RunOnUnscheduledNodes,
		TolerateNoExecute:     d.Spec.TolerateNoExecute,
	}
	for key, value := range d.Spec.JobNodeSelector {
		policy.Selector[key] = string(value)
	}
	template := jobspec.Template{Text: d.Spec.PodTemplate, Structured: d.Spec.Template}
	policy.Templates = jobspec.NewPodSpecs(template, d.Namespace, sampleID)
	return policy
}

// sampleID is the ID that a textual template is rendered with.
const sampleID execution.ID = "20060102150405"

// selectionText says which nodes would take part.
func selectionText(selected plan.Selection) string {
	var text strings.Builder
	names := make([]string, 0, len(selected.Nodes))
	for _, n := range selected.Nodes {
		names = append(names, n.Name)
	}
	fmt.Fprintf(&text, "As the cluster is now, it would run on %s", progress.NodesText(len(names)))
	if len(names) > 0 {
		fmt.Fprintf(&text, ": %s", cli.JoinNames(names))
	}
	text.WriteString(".\n")
	if len(selected.Skipped) > 0 {
		var skipped []string
		for _, n := range selected.Skipped {
			skipped = append(skipped, fmt.Sprintf("%s (%s)", n.Node, n.Reason))
		}
		fmt.Fprintf(&text, "It would skip: %s.\n", cli.JoinNames(skipped))
	}
	if selected.Excluded > 0 {
		fmt.Fprintf(&text, "Nodes that the pod template rules out: %d.\n", selected.Excluded)
	}
	text.WriteString("Not known: which nodes join, leave or change until the execution opens.\n")
	return text.String()
}
