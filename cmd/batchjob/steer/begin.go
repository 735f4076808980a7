package steer

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/ending"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// The values of --dry-run. A client's dry run would show no more than the command line.
const (
	dryRunNone   = "none"
	dryRunServer = "server"
)

// The bounds of the custom resource definition.
const (
	maxReason   = 1024
	maxPoolSize = 1000
	minDeadline = time.Second
	maxDeadline = 1000 * time.Hour
)

// beginning is the flags of the commands that begin an execution.
type beginning struct {
	output        *printing.Output
	reason        string
	poolSize      int32
	startDeadline time.Duration
	jobTimeout    time.Duration
	dryRun        string
	queue         bool
	wait          bool
	timeout       time.Duration
	given         func(flag string) bool // on the command line
}

func newBeginning(cmd *cobra.Command) *beginning {
	b := &beginning{output: printing.NewOutput(cmd), given: func(flag string) bool { return cmd.Flag(flag).Changed }}
	flags := cmd.Flags()
	flags.StringVar(&b.reason, "reason", "", "why, for people to read")
	flags.Int32Var(&b.poolSize, "pool-size", 0, "how many nodes at once, instead of podPoolSize")
	flags.DurationVar(&b.startDeadline, "start-deadline", 0, "time for a pod to start, instead of startDeadline")
	flags.DurationVar(&b.jobTimeout, "job-timeout", 0, "time for a pod to run, instead of jobTimeout")
	flags.StringVar(&b.dryRun, "dry-run", dryRunNone, "none, or server: have the API server check the execution without creating it")
	flags.Lookup("dry-run").NoOptDefVal = dryRunServer
	flags.BoolVar(&b.wait, "wait", false, "wait until it closes; exit status 1 if nodes failed")
	flags.BoolVar(&b.queue, "queue", false, "if another execution is open, wait until it is over instead of failing or replacing it")
	flags.DurationVar(&b.timeout, "timeout", time.Hour, "how long to wait, with --queue and --wait together")
	cli.Must(cmd.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions([]string{dryRunNone, dryRunServer}, cobra.ShellCompDirectiveNoFileComp)))
	return b
}

// check returns all that is wrong with the flags.
func (b *beginning) check() error {
	var errs []error
	if n := utf8.RuneCountInString(b.reason); n > maxReason {
		errs = append(errs, fmt.Errorf("--reason: has %d characters: must have at most %d", n, maxReason))
	}
	if b.given("pool-size") && (b.poolSize < 1 || b.poolSize > maxPoolSize) {
		errs = append(errs, fmt.Errorf("--pool-size %d: must be from 1 to %d", b.poolSize, maxPoolSize))
	}
	for _, flag := range []struct {
		name  string
		value time.Duration
	}{{"start-deadline", b.startDeadline}, {"job-timeout", b.jobTimeout}} {
		if b.given(flag.name) && (flag.value < minDeadline || flag.value > maxDeadline) {
			errs = append(errs, fmt.Errorf("--%s %s: must be from 1s to 1000h", flag.name, flag.value))
		}
	}
	if b.dryRun != dryRunNone && b.dryRun != dryRunServer {
		errs = append(errs, fmt.Errorf("--dry-run %s: must be none or server", b.dryRun))
	}
	if b.wait && b.dryRun == dryRunServer {
		errs = append(errs, errors.New("--wait: a dry run creates no execution to wait for"))
	}
	if b.queue && b.dryRun == dryRunServer {
		errs = append(errs, errors.New("--queue: a dry run creates no execution that others could keep from opening"))
	}
	if len(errs) > 0 {
		return cli.Misuse(errors.Join(errs...))
	}
	return nil
}

// begin creates an execution of a definition, prints it, and waits for it.
func (b *beginning) begin(ctx context.Context, s *session, d *v1alpha1.NodeCronJob, which *v1alpha1.ExecutionNodes) error {
	end := time.Now().Add(b.timeout)
	e := &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, GenerateName: d.Name + "-"},
		Spec: v1alpha1.ExecutionSpec{
			NodeCronJobName: d.Name, Trigger: v1alpha1.ManualTrigger, Reason: b.reason, RequestedBy: s.Requester(ctx, s.Flags),
			Nodes: which, Overrides: b.overrides(),
		},
	}
	create := b.create
	// The controller queues it by itself, if that is the policy.
	if b.queue && d.Spec.ConcurrencyPolicy != v1alpha1.QueueConcurrent {
		create = b.createInTurn
	} else if err := b.mayOpen(ctx, s, d); err != nil {
		return err
	}
	warnUnready(s, d)
	created, err := create(ctx, s, e, end)
	if err != nil {
		return err
	}
	done := "created"
	if b.dryRun == dryRunServer {
		done += " (server dry run)"
	}
	if err := b.output.PrintChanged(s.Out, s.now(), created, done); err != nil || b.dryRun == dryRunServer {
		return err
	}
	if b.wait {
		return s.await(ctx, b.output, created, time.Until(end))
	}
	if rejected := s.awaitDecision(ctx, created); rejected != nil {
		err := ending.Status(rejected)
		if isForbidden(rejected) {
			return cli.Conflict(fmt.Errorf("%w; to run it after that one, add --queue", err))
		}
		return err
	}
	fmt.Fprint(s.ErrOut, afterCreation(d))
	return nil
}

// create creates an execution.
func (b *beginning) create(ctx context.Context, s *session, e *v1alpha1.Execution, _ time.Time) (*v1alpha1.Execution, error) {
	options := metav1.CreateOptions{FieldManager: objects.Manager}
	if b.dryRun == dryRunServer {
		options.DryRun = []string{metav1.DryRunAll}
	}
	created, err := s.API.Executions(s.Namespace).Create(ctx, e, options)
	return created, resources.Explain(err, resources.Request{Verb: "create", Resource: resources.Executions, Namespace: s.Namespace})
}

// mayOpen returns an error if the controller would reject the execution, because another
// one is open.
func (b *beginning) mayOpen(ctx context.Context, s *session, d *v1alpha1.NodeCronJob) error {
	if open := d.Status.ActiveExecution; open != nil && !hasEnded(ctx, s, open.Name) {
		switch d.Spec.ConcurrencyPolicy {
		case v1alpha1.QueueConcurrent:
			fmt.Fprintf(s.ErrOut, "Execution %s is open: the new one waits until it has closed.\n", open.Name)
		case v1alpha1.ReplaceConcurrent:
			fmt.Fprintf(s.ErrOut, "Execution %s is open: the new one replaces it, and its pods are stopped.\n", open.Name)
		default:
			text := fmt.Sprintf("execution %s is open, and nodecronjob %s has the concurrencyPolicy Forbid: another one would be rejected; to wait for it, add --queue; to end it: %s",
				open.Name, d.Name, s.command("cancel", open.Name))
			if b.dryRun != dryRunServer {
				return cli.Conflict(errors.New(text))
			}
			fmt.Fprintf(s.ErrOut, "warning: %s\n", text)
		}
	}
	return nil
}

// hasEnded reports whether an execution has ended, of which a status says that it is open: that is
// written a moment later. If it cannot be read, the status counts.
func hasEnded(ctx context.Context, s *session, name string) bool {
	e, err := s.API.Executions(s.Namespace).Get(ctx, name, metav1.GetOptions{})
	return apierrors.IsNotFound(err) || (err == nil && (e.Status.Phase == v1alpha1.Closed || e.Status.Phase == v1alpha1.Rejected))
}

// warnUnready warns of what else keeps an execution from opening.
func warnUnready(s *session, d *v1alpha1.NodeCronJob) {
	ready := meta.FindStatusCondition(d.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case d.UID == "": // it could not be read
	case d.Status.ObservedGeneration == 0 && ready == nil:
		fmt.Fprintf(s.ErrOut, "warning: no controller has seen nodecronjob %s yet\n", d.Name)
	case ready != nil && ready.Status == metav1.ConditionFalse:
		fmt.Fprintf(s.ErrOut, "warning: nodecronjob %s is not ready: %s: %s\n", d.Name, ready.Reason, ready.Message)
	}
}

func (b *beginning) overrides() *v1alpha1.ExecutionOverrides {
	o := v1alpha1.ExecutionOverrides{}
	if b.poolSize != 0 {
		o.PodPoolSize = &b.poolSize
	}
	if b.startDeadline != 0 {
		o.StartDeadline = v1alpha1.NewDuration(b.startDeadline)
	}
	if b.jobTimeout != 0 {
		o.JobTimeout = v1alpha1.NewDuration(b.jobTimeout)
	}
	if o == (v1alpha1.ExecutionOverrides{}) {
		return nil
	}
	return &o
}

// afterCreation says what the execution may keep from running.
func afterCreation(d *v1alpha1.NodeCronJob) string {
	next := d.Status.NextScheduleTime
	if next == nil || d.Spec.Suspend || (d.Spec.ConcurrencyPolicy != v1alpha1.ForbidConcurrent && d.Spec.ConcurrencyPolicy != "") {
		return ""
	}
	return fmt.Sprintf("If it is still open at %s, the tick of that time is skipped.\n", next.UTC().Format("2006-01-02 15:04 MST"))
}
