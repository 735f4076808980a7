package install

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/version"
)

type installOptions struct {
	selection
	force   bool
	timeout time.Duration
}

func installCommand(t *cli.Tool) *cobra.Command {
	var o installOptions
	cmd := &cobra.Command{
		Use:   "install --overlay NAME",
		Short: "Install or update a controller, and wait until it is ready",
		Long: `Install a controller, or update an installed one, and wait until it is ready.

Without -n, the namespace is that of the overlay. It is created if it does not
exist, and holds at most one installation. Nothing is sent if the configuration is
invalid, and nothing is changed if the API server rejects an object.`,
		Example: `  ` + t.Name + ` install --overlay demo
  ` + t.Name + ` install --overlay demo --component persistence -n checks -f config.yaml -t pod-template.yaml`,
		Args: cobra.NoArgs,
		RunE: cli.Does(func(ctx context.Context, _ []string) error { return install(ctx, t, o) }),
	}
	o.bind(cmd)
	cmd.Flags().BoolVar(&o.force, "force-conflicts", false, "take ownership of fields that other field managers own")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait until it is ready; 0: do not wait")
	return cmd
}

func install(ctx context.Context, t *cli.Tool, o installOptions) error {
	r, c, err := prepare(ctx, t, o.selection)
	if err != nil {
		return err
	}
	var done installed
	installer := objects.Installer{Client: c.Objects, Force: o.force, Report: func(of objects.Reference, change objects.Change) {
		report(t.Out, of, change)
		done.note(of, change)
	}}
	err = installer.Install(ctx, objects.Inventory{
		Namespace: r.namespace(), Overlay: r.overlay, Components: r.components, Version: version.Own(),
	}, r.objects)
	if err != nil {
		return explainRejection(err)
	}
	if o.timeout > 0 {
		if err := awaitRollout(ctx, t, c, r.deployment, o.timeout); err != nil {
			return err
		}
		if err := done.findOpen(ctx, r.installation(c), r.config.Name); err != nil {
			fmt.Fprintf(t.ErrOut, "cannot tell whether an execution is open: %v\n", err)
		}
	}
	fmt.Fprint(t.Out, afterInstall(t.Name, r, done, time.Now()))
	return nil
}

// explainRejection adds what to do about conflicts. If there is nothing else, they are the
// exit status.
func explainRejection(err error) error {
	var refused *objects.Rejections
	if !errors.As(err, &refused) {
		return err
	}
	err = fmt.Errorf("the API server rejected:\n%w", err)
	if refused.Conflicts {
		err = fmt.Errorf("%w\nTo take ownership of these fields, add --force-conflicts.", err) //nolint:revive,staticcheck // it is a sentence of its own
	}
	if refused.Others {
		return err
	}
	return cli.Conflict(err)
}

// afterInstall says what to do next. name is the name of the program.
func afterInstall(name string, r rendered, done installed, now time.Time) string {
	var text strings.Builder
	state := "is installed in namespace " + r.namespace() + "."
	if !done.changed {
		state = "is unchanged in namespace " + r.namespace() + "."
	}
	fmt.Fprintf(&text, "\n%s %s %s\n", r.config.Name, state, done.nextText(name, r, now))
	if r.losesReports() {
		text.WriteString("Reports are lost with the controller's pod; --component persistence keeps them.\n")
	}
	in := " -n " + r.namespace()
	text.WriteString("\n")
	if done.canWait(r) {
		fmt.Fprintf(&text, "To wait for it:    %s wait%s%s\n", name, in, done.waitTimeout(r, now))
	}
	fmt.Fprintf(&text, "To see its status: %s status%s\nTo remove it:      %s uninstall%s\n", name, in, name, in)
	return text.String()
}

// losesReports reports whether the reports are on a volume that ends with the pod.
func (r rendered) losesReports() bool {
	return slices.ContainsFunc(r.deployment.Spec.Template.Spec.Volumes, func(v corev1.Volume) bool {
		return v.Name == "reports" && v.EmptyDir != nil
	})
}
