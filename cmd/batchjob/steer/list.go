package steer

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// listing is the flags of the commands that list objects.
type listing struct {
	output *printing.Output
	all    bool
	watch  bool
}

func newListing(cmd *cobra.Command) *listing {
	l := &listing{output: printing.NewOutput(cmd)}
	cmd.Flags().BoolVarP(&l.all, "all-namespaces", "A", false, "of all namespaces")
	cmd.Flags().BoolVarP(&l.watch, "watch", "w", false, "then print each change")
	return l
}

func listCommand(c *commander) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the NodeCronJobs",
		Long: `List the NodeCronJobs of a namespace. NODES and BAD are of the last closed execution
over all nodes, LAST is how long ago the last tick was, and ACTIVE is the open
execution. A line below the table says of which NodeCronJobs only executions are left.`,
		Args: cobra.NoArgs,
	}
	l := newListing(cmd)
	cmd.RunE = c.does(l.output, func(ctx context.Context, s *session, _ []string) error {
		return l.print(ctx, s, listed{
			resource: resources.Definitions, none: "NodeCronJobs",
			list: func(ctx context.Context, namespace string) (objects []runtime.Object, version string, err error) {
				found, version, err := s.Definitions(ctx, namespace)
				for i := range found {
					objects = append(objects, &found[i])
				}
				return objects, version, err
			},
			watch: func(ctx context.Context, namespace string, o metav1.ListOptions) (watch.Interface, error) {
				return s.API.NodeCronJobs(namespace).Watch(ctx, o)
			},
			has:   func(runtime.Object) bool { return true },
			below: s.leftOfGone,
		})
	})
	return cmd
}

func executionsCommand(c *commander) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "executions [NAME]",
		Short: "List the executions of a NodeCronJob, or of all",
		Long: `List the executions of a NodeCronJob, or of all, newest first. With -o wide, the
table also says who asked for each, and why.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: c.connect.CompleteDefinitions(nil),
	}
	l := newListing(cmd)
	cmd.RunE = c.does(l.output, func(ctx context.Context, s *session, args []string) error {
		none := "executions"
		if len(args) > 0 {
			none += " of nodecronjob " + args[0]
		}
		isOf := func(e *v1alpha1.Execution) bool { return len(args) == 0 || e.Spec.NodeCronJobName == args[0] }
		return l.print(ctx, s, listed{
			resource: resources.Executions, none: none,
			list: func(ctx context.Context, namespace string) (objects []runtime.Object, version string, err error) {
				found, version, err := s.Executions(ctx, namespace)
				for i := range found {
					if isOf(&found[i]) {
						objects = append(objects, &found[i])
					}
				}
				return objects, version, err
			},
			watch: func(ctx context.Context, namespace string, o metav1.ListOptions) (watch.Interface, error) {
				return s.API.Executions(namespace).Watch(ctx, o)
			},
			has: func(o runtime.Object) bool {
				e, ok := o.(*v1alpha1.Execution)
				return ok && isOf(e)
			},
		})
	})
	return cmd
}

// listed is what a command lists.
type listed struct {
	resource string
	none     string // what there is none of
	list     func(ctx context.Context, namespace string) (objects []runtime.Object, version string, err error)
	watch    func(context.Context, string, metav1.ListOptions) (watch.Interface, error)
	has      func(runtime.Object) bool // whether an object that has changed is listed
	// below returns what to say below a table of all objects; nil: nothing.
	below func(ctx context.Context, namespace string, objects []runtime.Object) string
}

// print lists objects, and then prints each change until the API server ends the watch, as
// kubectl does.
func (l *listing) print(ctx context.Context, s *session, of listed) error {
	namespace := s.Namespace
	if l.all {
		namespace = metav1.NamespaceAll
	}
	l.output.WithNamespace = l.all
	objects, version, err := of.list(ctx, namespace)
	if err != nil {
		return err
	}
	printer, err := l.output.List(s.Out, s.now)
	if err != nil {
		return err
	}
	if l.watch {
		if err := printer.Each(objects...); err != nil {
			return err
		}
		return s.follow(ctx, of, namespace, version, printer)
	}
	if len(objects) == 0 && printer.IsTable() {
		where := "in namespace " + namespace
		if l.all {
			where = "in any namespace"
		}
		fmt.Fprintf(s.ErrOut, "No %s %s.\n", of.none, where)
	} else if err := printer.All(objects); err != nil {
		return err
	}
	if of.below != nil && printer.IsTable() {
		fmt.Fprint(s.ErrOut, of.below(ctx, namespace, objects))
	}
	return nil
}

// follow prints each change after a version.
func (s *session) follow(ctx context.Context, of listed, namespace, version string, printer *printing.List) error {
	asked := resources.Request{Verb: "watch", Resource: of.resource, Namespace: namespace}
	changes, err := of.watch(ctx, namespace, metav1.ListOptions{ResourceVersion: version})
	if err != nil {
		return resources.Explain(err, asked)
	}
	defer changes.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, open := <-changes.ResultChan():
			switch {
			case !open:
				return nil
			case event.Type == watch.Error:
				return resources.Explain(apierrors.FromObject(event.Object), asked)
			case event.Type == watch.Bookmark || !of.has(event.Object):
				continue
			}
			if err := printer.Each(event.Object); err != nil {
				return err
			}
		}
	}
}
