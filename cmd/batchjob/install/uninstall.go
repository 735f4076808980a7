package install

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
)

type uninstallOptions struct {
	deleteReports   bool
	deleteNamespace bool
	timeout         time.Duration
}

func uninstallCommand(t *cli.Tool) *cobra.Command {
	var o uninstallOptions
	cmd := &cobra.Command{
		Use:   "uninstall -n NAMESPACE",
		Short: "Delete an installation, but not its reports",
		Long: `Delete what install applied and what the controller created: Executions, Jobs, keys
and the Lease. Open executions end. There is no confirmation prompt.

Volumes with reports are kept without --delete-reports, and the namespace is kept
without --delete-namespace. A namespace that install did not create is never
deleted, and neither are the custom resource definitions.`,
		Args: cobra.NoArgs,
		RunE: cli.Does(func(ctx context.Context, _ []string) error { return uninstall(ctx, t, o) }),
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.deleteReports, "delete-reports", false, "delete the PersistentVolumeClaims with the reports")
	flags.BoolVar(&o.deleteNamespace, "delete-namespace", false, "delete the namespace if install created it")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait until everything is deleted")
	return cmd
}

func uninstall(ctx context.Context, t *cli.Tool, o uninstallOptions) error {
	namespace, err := t.ContextNamespace()
	if err != nil {
		return err
	}
	c, err := cluster.Connect(t.Flags)
	if err != nil {
		return err
	}
	return uninstallFrom(ctx, t, c, namespace, o)
}

func uninstallFrom(ctx context.Context, t *cli.Tool, c *cluster.Cluster, namespace string, o uninstallOptions) error {
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	var kept []objects.Reference
	u := objects.Uninstaller{
		Client: c.Objects, Namespace: namespace, DeleteReports: o.deleteReports,
		Report: func(r objects.Reference, change objects.Change) {
			report(t.Out, r, change)
			if change == objects.Kept {
				kept = append(kept, r)
			}
		},
		ReportMade: func(kind objects.Reference, count int) {
			fmt.Fprintf(t.Out, "%s of the controller: %d %s\n", kind.Resource(), count, objects.Deleted)
		},
	}
	err := u.Uninstall(limited)
	if errors.Is(err, objects.ErrNotInstalled) && o.deleteNamespace {
		err = leftNamespace(ctx, u, err)
	}
	switch {
	case errors.Is(err, objects.ErrNotInstalled):
		return c.NotInstalled(ctx, t.Name, namespace)
	case err != nil && errors.Is(context.Cause(limited), context.DeadlineExceeded):
		return &cli.StatusError{Status: cli.ExitTimeout, Err: err}
	case err != nil:
		return err
	}
	return finishUninstall(ctx, t, u, kept, o)
}

// leftNamespace returns no error if the namespace of an earlier installation still
// exists: it may be deleted now.
func leftNamespace(ctx context.Context, u objects.Uninstaller, notInstalled error) error {
	made, err := u.NamespaceMade(ctx)
	if err == nil && !made {
		return notInstalled
	}
	return err
}

// finishUninstall deletes the namespace, or prints what is kept.
func finishUninstall(ctx context.Context, t *cli.Tool, u objects.Uninstaller, kept []objects.Reference, o uninstallOptions) error {
	left := "namespace " + u.Namespace
	if len(kept) > 0 {
		left += ", and in it " + listed(kept)
	}
	if !o.deleteNamespace {
		fmt.Fprintf(t.Out, "Kept: %s.\n", left)
		return nil
	}
	if len(kept) > 0 {
		return fmt.Errorf("kept: %s: the namespace contains reports; to delete both, add --delete-reports", left)
	}
	ours, err := u.DeleteNamespace(ctx)
	switch {
	case err != nil:
		return err
	case !ours:
		fmt.Fprintf(t.Out, "Kept: %s, which install did not create.\n", left)
		return nil
	}
	return cli.Until(ctx, o.timeout, cli.NewDedupPrinter(t.ErrOut), func(ctx context.Context) (bool, error) {
		there, err := u.NamespaceMade(ctx)
		return !there, err
	})
}

func listed(of []objects.Reference) string {
	var all []string
	for _, r := range of {
		all = append(all, r.String())
	}
	return strings.Join(all, ", ")
}
