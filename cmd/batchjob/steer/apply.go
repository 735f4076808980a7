package steer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/manifest"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// applying is the flags of apply.
type applying struct {
	output *printing.Output
	file   string
	force  bool
	dryRun string
}

func applyCommand(c *commander) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Check NodeCronJobs, and create or change them",
		Long: `Check the NodeCronJobs of a manifest as the controller does, and apply them
(server-side apply). All problems are reported together, and nothing is changed if
there is one, or if the API server rejects an object.`,
		Example: `  ` + c.Name + ` apply -f disk-check.yaml
  kustomize build . | ` + c.Name + ` apply -f -`,
		Args: cobra.NoArgs,
	}
	a := applying{output: printing.NewOutput(cmd)}
	cmd.Flags().StringVarP(&a.file, "filename", "f", "", "manifest with NodeCronJobs; - is standard input")
	cmd.Flags().BoolVar(&a.force, "force-conflicts", false, "take ownership of fields that other field managers own")
	cmd.Flags().StringVar(&a.dryRun, "dry-run", dryRunNone, "none, or server: have the API server check the objects without changing them")
	cmd.Flags().Lookup("dry-run").NoOptDefVal = dryRunServer
	cli.Must(cmd.MarkFlagRequired("filename"))
	cmd.RunE = c.does(a.output, func(ctx context.Context, s *session, _ []string) error { return a.apply(ctx, s) })
	return cmd
}

func (a applying) apply(ctx context.Context, s *session) error {
	if a.dryRun != dryRunNone && a.dryRun != dryRunServer {
		return cli.Misuse(fmt.Errorf("--dry-run %s: must be none or server", a.dryRun))
	}
	manifests, err := manifest.Read(a.file, s.In, *s.Flags.Namespace, s.now())
	if err != nil {
		return cli.Misuse(err)
	}
	for _, m := range manifests {
		for _, w := range m.Warnings {
			fmt.Fprintln(s.ErrOut, w)
		}
		if m.Namespace == "" {
			if err := m.SetNamespace(s.Namespace); err != nil {
				return fmt.Errorf("nodecronjob %s: %w", m.Name, err)
			}
		}
	}
	if err := a.tryAll(ctx, s, manifests); err != nil || a.dryRun == dryRunServer {
		return err
	}
	for _, m := range manifests {
		applied, done, err := a.send(ctx, s, m, false)
		if err != nil {
			return err
		}
		if err := a.output.PrintChanged(s.Out, s.now(), applied, done); err != nil {
			return err
		}
	}
	return nil
}

// tryAll has the API server check all objects. With --dry-run, it prints them.
func (a applying) tryAll(ctx context.Context, s *session, manifests []*manifest.NodeCronJob) error {
	var errs []error
	for _, m := range manifests {
		applied, done, err := a.send(ctx, s, m, true)
		if err == nil && a.dryRun == dryRunServer {
			err = a.output.PrintChanged(s.Out, s.now(), applied, done+" (server dry run)")
		}
		errs = append(errs, err)
	}
	return joinStatus(errs)
}

// joinStatus joins errors, with the exit status of the first that has one.
func joinStatus(errs []error) error {
	joined := errors.Join(errs...)
	var status *cli.StatusError
	if errors.As(joined, &status) {
		return &cli.StatusError{Status: status.Status, Err: joined}
	}
	return joined
}

// send applies an object, and says what that changes.
func (a applying) send(ctx context.Context, s *session, m *manifest.NodeCronJob, dryRun bool) (applied *v1alpha1.NodeCronJob, done string, err error) {
	of := s.API.NodeCronJobs(m.Namespace)
	before, err := of.Get(ctx, m.Name, metav1.GetOptions{})
	exists := err == nil
	if err != nil && !resources.IsMissing(err) {
		return nil, "", resources.Explain(err, resources.Request{Verb: "get", Resource: resources.Definitions, Namespace: m.Namespace, Name: m.Name})
	}
	options := metav1.PatchOptions{FieldManager: objects.Manager, Force: &a.force, FieldValidation: metav1.FieldValidationStrict}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	applied, err = of.Patch(ctx, m.Name, types.ApplyPatchType, m.JSON, options)
	if err != nil {
		return nil, "", explainApply(err, resources.Request{Verb: "patch", Resource: resources.Definitions, Namespace: m.Namespace, Name: m.Name})
	}
	switch {
	case !exists:
		done = string(objects.Created)
	case sameContent(before, applied):
		done = string(objects.Unchanged)
	default:
		done = string(objects.Configured)
	}
	return applied, done, nil
}

// sameContent reports whether two versions of an object differ in nothing that a manifest
// has. A dry run has the resourceVersion of before, whatever it changes.
func sameContent(a, b *v1alpha1.NodeCronJob) bool {
	return equality.Semantic.DeepEqual(a.Spec, b.Spec) && equality.Semantic.DeepEqual(a.Labels, b.Labels) &&
		equality.Semantic.DeepEqual(a.Annotations, b.Annotations)
}

// explainApply adds the fields that other field managers own, and how to take them.
func explainApply(err error, r resources.Request) error {
	var status apierrors.APIStatus
	if !apierrors.IsConflict(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return resources.Explain(err, r)
	}
	var owned []string
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			owned = append(owned, fmt.Sprintf("  %s: %s", cause.Field, cause.Message))
		}
	}
	if len(owned) == 0 {
		return resources.Explain(err, r)
	}
	return cli.Conflict(fmt.Errorf("nodecronjob %s: other field managers own these fields; to take them over, add --force-conflicts:\n%s", r.Name, strings.Join(owned, "\n")))
}
