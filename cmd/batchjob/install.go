package batchjob

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/version"
)

type installOptions struct {
	choice
	force   bool
	timeout time.Duration
}

func (t *tool) installCommand() *cobra.Command {
	var o installOptions
	cmd := &cobra.Command{
		Use:   "install --overlay NAME",
		Short: "Install or change a controller, and wait until it is ready",
		Long: `Install a controller, or change one that is installed, and wait until it is ready.

Without -n it is installed in the overlay's namespace, which is made if it is not
there. There is one installation in a namespace. Nothing is sent if the
configuration is wrong, and nothing is changed if the API server refuses an object.`,
		Example: `  ` + t.name + ` install --overlay demo
  ` + t.name + ` install --overlay demo --component persistence -n checks -f config.yaml -t pod-template.yaml`,
		Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error { return t.install(ctx, o) }),
	}
	o.bind(cmd)
	cmd.Flags().BoolVar(&o.force, "force-conflicts", false, "take over the fields that others have set")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait until it is ready; 0: do not wait")
	return cmd
}

func (t *tool) install(ctx context.Context, o installOptions) error {
	r, err := t.render(o.choice)
	if err != nil {
		return err
	}
	cluster, err := t.connect()
	if err != nil {
		return err
	}
	if err := t.checkPodSecurity(ctx, cluster, r); err != nil {
		return err
	}
	var done installed
	installer := objects.Installer{Client: cluster.objects, Force: o.force, Report: func(of objects.Reference, change objects.Change) {
		t.report(of, change)
		done.note(of, change)
	}}
	err = installer.Install(ctx, objects.Inventory{
		Namespace: r.namespace(), Overlay: r.overlay, Components: r.components, Version: version.Own(),
	}, r.objects)
	if err != nil {
		return t.explainRefusal(err)
	}
	if o.timeout > 0 {
		if err := t.awaitRollout(ctx, cluster, r.deployment, o.timeout); err != nil {
			return err
		}
		if err := done.look(ctx, &installation{cluster: cluster, deployment: r.deployment, namespace: r.env.Namespace, container: r.container(), config: r.config}); err != nil {
			fmt.Fprintf(t.ErrOut, "whether an execution is open is not known: %v\n", err)
		}
	}
	fmt.Fprint(t.Out, t.afterInstall(r, done, time.Now()))
	return nil
}

// explainRefusal says what can be done about conflicts.
func (t *tool) explainRefusal(err error) error {
	var refused *objects.Refusals
	if !errors.As(err, &refused) {
		return err
	}
	text := "the API server does not take this:\n%w"
	if refused.Conflicts {
		text += "\nTo take these fields over from others: --force-conflicts."
	}
	return fmt.Errorf(text, err)
}

// afterInstall is what to do next.
func (t *tool) afterInstall(r rendered, done installed, now time.Time) string {
	var text strings.Builder
	state := "is installed in namespace " + r.namespace() + "."
	if !done.changed {
		state = "in namespace " + r.namespace() + ": nothing has changed."
	}
	fmt.Fprintf(&text, "\n%s %s %s\n", r.config.Name, state, done.next(r, now))
	if r.losesReports() {
		text.WriteString("Reports end with the controller's pod; --component persistence keeps them.\n")
	}
	in := " -n " + r.namespace()
	text.WriteString("\n")
	if done.canWait(r) {
		fmt.Fprintf(&text, "Until it is over:  %s wait%s%s\n", t.name, in, done.waitTimeout(r, now))
	}
	fmt.Fprintf(&text, "How it went:       %s status%s\nTo remove it:      %s uninstall%s\n", t.name, in, t.name, in)
	return text.String()
}

// losesReports is whether they are on a volume that ends with the pod.
func (r rendered) losesReports() bool {
	return slices.ContainsFunc(r.deployment.Spec.Template.Spec.Volumes, func(v corev1.Volume) bool {
		return v.Name == "reports" && v.EmptyDir != nil
	})
}
