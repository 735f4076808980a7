package steer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/preview"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// maxNodeNames is how many nodes an Execution may name.
const maxNodeNames = 1000

// narrowing is the flags that narrow the nodes of an execution.
type narrowing struct {
	names    []string
	selector string
}

func runCommand(c *commander) *cobra.Command {
	var n narrowing
	cmd := &cobra.Command{
		Use:   "run NAME",
		Short: "Begin an execution of a NodeCronJob now",
		Long: `Begin an execution of a NodeCronJob now: on all of its nodes, or on some of them.
Nodes that the NodeCronJob does not select cannot be added. The name of the
execution is printed. The controller opens it, or rejects it with a reason.`,
		Example: `  ` + c.Name + ` run disk-check
  ` + c.Name + ` run disk-check --nodes worker-1,worker-2 --reason "new disks" --wait
  ` + c.Name + ` run disk-check -l topology.kubernetes.io/zone=a --dry-run`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.connect.CompleteDefinitions(nil),
	}
	b := newBeginning(cmd)
	cmd.Flags().Lookup("dry-run").Usage += ", and show the nodes"
	cmd.Flags().StringSliceVar(&n.names, "nodes", nil, "run only on these nodes, separated by commas")
	cmd.Flags().StringVarP(&n.selector, "selector", "l", "", "run only on nodes with these labels, such as zone=a,!gpu")
	cmd.MarkFlagsMutuallyExclusive("nodes", "selector")
	cli.Must(cmd.RegisterFlagCompletionFunc("nodes", c.connect.CompleteNodes))
	cmd.RunE = c.does(b.output, func(ctx context.Context, s *session, args []string) error {
		which, err := n.nodes()
		if err := errors.Join(err, b.check()); err != nil {
			return cli.Misuse(err)
		}
		d, err := s.definitionToRun(ctx, args[0])
		if err != nil {
			return err
		}
		if err := b.begin(ctx, s, d, which); err != nil || b.dryRun != dryRunServer {
			return err
		}
		fmt.Fprint(b.output.Beside(s.IOStreams), s.preview(ctx, d, which))
		return nil
	})
	return cmd
}

// nodes returns the narrowing of an Execution, or nil if there is none.
func (n narrowing) nodes() (*v1alpha1.ExecutionNodes, error) {
	switch {
	case len(n.names) > 0:
		names := slices.Clone(n.names)
		for i, name := range names {
			names[i] = strings.TrimSpace(name)
		}
		slices.Sort(names)
		names = slices.Compact(names)
		if names[0] == "" {
			return nil, errors.New("--nodes: must be names of nodes, separated by commas")
		}
		if len(names) > maxNodeNames {
			return nil, fmt.Errorf("--nodes: has %d names: must have at most %d; use -l", len(names), maxNodeNames)
		}
		which := &v1alpha1.ExecutionNodes{}
		for _, name := range names {
			which.Names = append(which.Names, v1alpha1.NodeName(name))
		}
		return which, nil
	case n.selector != "":
		selector, err := metav1.ParseToLabelSelector(n.selector)
		if err != nil {
			return nil, fmt.Errorf("-l %s: %w", n.selector, err)
		}
		return &v1alpha1.ExecutionNodes{Selector: selector}, nil
	default:
		return nil, nil
	}
}

// definitionToRun returns a definition. A user who may create executions, but read no
// definition, gets one without content: the controller will tell whether it exists.
func (s *session) definitionToRun(ctx context.Context, name string) (*v1alpha1.NodeCronJob, error) {
	d, err := s.Definition(ctx, name)
	if apierrors.IsForbidden(err) {
		fmt.Fprintf(s.ErrOut, "warning: cannot tell whether nodecronjob %s exists and can run: %v\n", name, err)
		return &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: name}}, nil
	}
	return d, err
}

// preview says which nodes an execution would run on, as the cluster is now, or why that
// is not known.
func (s *session) preview(ctx context.Context, d *v1alpha1.NodeCronJob, which *v1alpha1.ExecutionNodes) string {
	if d.UID == "" {
		return preview.Unknown("the NodeCronJob cannot be read.")
	}
	nodes, err := s.Kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return preview.Unknown(resources.Explain(err, resources.Request{Verb: "list", Resource: resources.Nodes}).Error())
	}
	return preview.Text(d, which, nodes.Items)
}
