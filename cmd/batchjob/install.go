package batchjob

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	installer := objects.Installer{Client: cluster.objects, Force: o.force, Report: t.report}
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
	}
	fmt.Fprint(t.Out, t.afterInstall(r, time.Now()))
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
func (t *tool) afterInstall(r rendered, now time.Time) string {
	var text strings.Builder
	in := " -n " + r.namespace()
	when := "The next execution begins at " + nextTick(r.config, now) + "; runOnStartup: true begins one at every start as well"
	if r.config.RunOnStartup {
		when = "An execution begins " + inWords(r.config.StartupDelay) + " after the start"
	}
	fmt.Fprintf(&text, `
%s is installed in namespace %s. %s.

Until it is over:  %s wait%s
How it went:       %s status%s
`, r.config.Name, r.namespace(), when, t.name, in, t.name, in)
	return text.String()
}
