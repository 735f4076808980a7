package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Narrowing is on which of the selected nodes an execution runs. At most one of its fields
// is set; none: on all of them.
type Narrowing struct {
	Names    []string        // of nodes
	Selector labels.Selector // of their labels
	From     *FromExecution
}

// FromExecution is the nodes of an earlier execution.
type FromExecution struct {
	Name   string            // of the Execution
	States []execution.State // that were asked for
	Nodes  []string          // whose tasks ended in one of them
}

// Partial reports whether the execution is narrowed. It is, even if no node is left out:
// whether one is may change with each node that joins.
func (n Narrowing) Partial() bool { return n.Names != nil || n.Selector != nil || n.From != nil }

// Narrow returns the part of the selected nodes on which an execution runs. It adds no
// node. Nodes that are skipped stay so, with their reason. The error is a *RejectError.
func Narrow(in Selection, by Narrowing, cluster []*corev1.Node) (Selection, error) {
	switch {
	case by.Names != nil:
		return in.named(by.Names, cluster)
	case by.Selector != nil:
		return in.matching(by.Selector, cluster)
	case by.From != nil:
		return in.from(*by.From, cluster)
	default:
		return in, nil
	}
}

// named returns the named nodes. A name that is not selected is an error: the client that
// asked for it would take the execution for one of all its nodes.
func (in Selection) named(names []string, cluster []*corev1.Node) (Selection, error) {
	wanted, there := setOf(names), nodesByName(cluster)
	out := in.only(func(name string) bool { return wanted[name] })
	found := out.names()
	var missing, unselected []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		switch {
		case found[name]:
		case there[name] == nil:
			missing = append(missing, name)
		default:
			unselected = append(unselected, name)
		}
	}
	var problems []string
	if len(missing) > 0 {
		problems = append(problems, "there is no node "+firstOf(missing))
	}
	if len(unselected) > 0 {
		problems = append(problems, keepsOut(unselected))
	}
	if len(problems) > 0 {
		return Selection{}, reject(RejectNodesNotFound, "%s", strings.Join(problems, "; "))
	}
	if out.empty() {
		return Selection{}, reject(RejectNoNodes, "no node is named")
	}
	return out, nil
}

func (in Selection) matching(selector labels.Selector, cluster []*corev1.Node) (Selection, error) {
	there := nodesByName(cluster)
	out := in.only(func(name string) bool {
		return there[name] != nil && selector.Matches(labels.Set(there[name].Labels))
	})
	if !out.empty() {
		return out, nil
	}
	var matching []string
	for name, node := range there {
		if selector.Matches(labels.Set(node.Labels)) {
			matching = append(matching, name)
		}
	}
	if len(matching) == 0 {
		return Selection{}, reject(RejectNoNodes, "no node has labels that match %q", selector)
	}
	slices.Sort(matching)
	return Selection{}, reject(RejectNoNodes, "no selected node has labels that match %q: %s", selector, keepsOut(matching))
}

// from returns the nodes of an earlier execution. Those that are gone are skipped, so that
// the counts add up, and those that are no longer selected count as excluded.
func (in Selection) from(earlier FromExecution, cluster []*corev1.Node) (Selection, error) {
	if len(earlier.Nodes) == 0 {
		return Selection{}, reject(RejectNoNodes, "no node of execution %s is in one of the states %s", earlier.Name, joined(earlier.States))
	}
	wanted, there := setOf(earlier.Nodes), nodesByName(cluster)
	out := in.only(func(name string) bool { return wanted[name] })
	found := out.names()
	var unselected []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		switch {
		case found[name]:
		case there[name] == nil:
			out.Skipped = append(out.Skipped, execution.Skip{Node: name, Reason: execution.NodeGone})
		default:
			unselected = append(unselected, name)
		}
	}
	out.Excluded = len(unselected)
	out.sort()
	if out.empty() {
		return Selection{}, reject(RejectNoNodes, "no node of execution %s is selected any more: %s", earlier.Name, keepsOut(unselected))
	}
	return out, nil
}

// only returns the nodes whose names are wanted. How many of them the pod template rules
// out is not known.
func (in Selection) only(wanted func(name string) bool) Selection {
	var out Selection
	for _, node := range in.Nodes {
		if wanted(node.Name) {
			out.Nodes = append(out.Nodes, node)
		}
	}
	for _, skip := range in.Skipped {
		if wanted(skip.Node) {
			out.Skipped = append(out.Skipped, skip)
		}
	}
	return out
}

func (in Selection) names() map[string]bool {
	names := make(map[string]bool, len(in.Nodes)+len(in.Skipped))
	for _, node := range in.Nodes {
		names[node.Name] = true
	}
	for _, skip := range in.Skipped {
		names[skip.Node] = true
	}
	return names
}

func (in Selection) empty() bool { return len(in.Nodes)+len(in.Skipped) == 0 }

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

func nodesByName(nodes []*corev1.Node) map[string]*corev1.Node {
	named := make(map[string]*corev1.Node, len(nodes))
	for _, node := range nodes {
		if node.DeletionTimestamp == nil {
			named[node.Name] = node
		}
	}
	return named
}

// keepsOut says that nodes exist, and do not take part.
func keepsOut(names []string) string {
	return "jobNodeSelector or the pod template keeps out " + firstOf(names)
}

func joined(states []execution.State) string {
	words := make([]string, len(states))
	for i, state := range states {
		words[i] = string(state)
	}
	return strings.Join(words, ", ")
}

// firstOf names the first nodes for a message, and counts the others.
func firstOf(names []string) string {
	const most = 10
	text := strings.Join(names[:min(len(names), most)], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
