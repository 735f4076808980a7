package install

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
)

type uninstallOptions struct {
	deleteReports     bool
	deleteNamespace   bool
	deleteDefinitions bool
	timeout           time.Duration
}

func uninstallCommand(t *cli.Tool) *cobra.Command {
	var o uninstallOptions
	cmd := &cobra.Command{
		Use:   "uninstall -n NAMESPACE",
		Short: "Delete an installation, but not its reports",
		Long: `Delete what install applied and what the controller created: Executions, Jobs, keys
and the Lease. Open executions end. There is no confirmation prompt.

Volumes with reports are kept without --delete-reports, the namespace without
--delete-namespace, and the custom resource definitions without
--delete-definitions. A namespace that install did not create is never deleted, and
neither are definitions that anything in the cluster uses: another controller, a
NodeCronJob that users have created, or an Execution. Then --delete-definitions
deletes nothing at all, and says what uses them.`,
		Args: cobra.NoArgs,
		RunE: cli.Does(func(ctx context.Context, _ []string) error { return uninstall(ctx, t, o) }),
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.deleteReports, "delete-reports", false, "delete the PersistentVolumeClaims with the reports")
	flags.BoolVar(&o.deleteNamespace, "delete-namespace", false, "delete the namespace if install created it")
	flags.BoolVar(&o.deleteDefinitions, "delete-definitions", false, "delete the custom resource definitions if nothing uses them")
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
	if o.deleteDefinitions {
		if err := checkUnused(limited, u, "nothing was deleted"); err != nil {
			return err
		}
	}
	err := u.Uninstall(limited)
	if errors.Is(err, objects.ErrNotInstalled) {
		err = left(ctx, u, o, err)
	}
	if errors.Is(err, objects.ErrNotInstalled) {
		return c.NotInstalled(ctx, t.Name, namespace)
	}
	if err == nil {
		err = finishDefinitions(limited, t, u, o)
	}
	if err != nil && errors.Is(context.Cause(limited), context.DeadlineExceeded) {
		return &cli.StatusError{Status: cli.ExitTimeout, Err: err}
	}
	if err != nil {
		return err
	}
	return finishUninstall(ctx, t, u, kept, o)
}

// left returns no error if something of an earlier installation still exists that may be
// deleted now: its namespace, or the custom resource definitions.
func left(ctx context.Context, u objects.Uninstaller, o uninstallOptions, notInstalled error) error {
	if o.deleteDefinitions {
		there, err := u.Definitions(ctx)
		if err != nil || len(there) > 0 {
			return err
		}
	}
	if o.deleteNamespace {
		made, err := u.NamespaceMade(ctx)
		if err != nil || made {
			return err
		}
	}
	return notInstalled
}

// checkUnused returns an error if something uses the custom resource definitions, with what
// was done about it.
func checkUnused(ctx context.Context, u objects.Uninstaller, done string) error {
	users, err := u.Users(ctx)
	if err != nil {
		return fmt.Errorf("%s: cannot tell whether anything uses the custom resource definitions: %w", done, err)
	}
	if len(users) > 0 {
		return cli.Conflict(fmt.Errorf("%s: the custom resource definitions are used by %s; without --delete-definitions, uninstall keeps them", done, cli.JoinNames(users)))
	}
	return nil
}

// finishDefinitions deletes the custom resource definitions, or prints why they are kept. A
// user who may not read them is not told.
func finishDefinitions(ctx context.Context, t *cli.Tool, u objects.Uninstaller, o uninstallOptions) error {
	if o.deleteDefinitions {
		if err := checkUnused(ctx, u, "the custom resource definitions were kept"); err != nil {
			return err
		}
		return u.DeleteDefinitions(ctx)
	}
	there, err := u.Definitions(ctx)
	if apierrors.IsForbidden(err) || (err == nil && len(there) == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	users, err := u.Users(ctx)
	why := "nothing uses them; to delete them, add --delete-definitions"
	switch {
	case err != nil:
		why = "other installations may use them"
	case len(users) > 0:
		why = "used by " + cli.JoinNames(users)
	}
	fmt.Fprintf(t.Out, "Kept: %s: %s.\n", listed(there), why)
	return nil
}

// finishUninstall deletes the namespace, or prints what is kept.
func finishUninstall(ctx context.Context, t *cli.Tool, u objects.Uninstaller, kept []objects.Reference, o uninstallOptions) error {
	rest := "namespace " + u.Namespace
	if len(kept) > 0 {
		rest += ", and in it " + listed(kept)
	}
	if !o.deleteNamespace {
		fmt.Fprintf(t.Out, "Kept: %s.\n", rest)
		return nil
	}
	if len(kept) > 0 {
		return fmt.Errorf("kept: %s: the namespace contains reports; to delete both, add --delete-reports", rest)
	}
	ours, err := u.DeleteNamespace(ctx)
	switch {
	case err != nil:
		return err
	case !ours:
		fmt.Fprintf(t.Out, "Kept: %s, which install did not create.\n", rest)
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
