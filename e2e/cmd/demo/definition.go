package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// flaky is a second definition, which fails on one node.
//
//go:embed flaky.yaml
var flaky string

// runFlaky defines it, and runs an execution of it.
func (d *demonstration) runFlaky(ctx context.Context, _ io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, executionTimeout)
	defer cancel()
	if len(d.report.Tasks) == 0 {
		return errors.New("the first execution had no nodes")
	}
	d.bad = d.report.Tasks[len(d.report.Tasks)-1].Node
	manifest := strings.NewReplacer("IMAGE", d.provider.JobImage(), "BAD", d.bad).Replace(flaky)
	if _, err := d.ask(ctx, manifest, "apply", "-f", "-"); err != nil {
		return err
	}
	name, err := d.ask(ctx, `{"apiVersion": "batch-job-controller.io/v1alpha1", "kind": "Execution", "metadata": {"generateName": "flaky-"},
		"spec": {"nodeCronJobName": "flaky", "reason": "make demo"}}`, "create", "-f", "-", "-o", "name")
	if err != nil {
		return err
	}
	_, d.failed, _ = strings.Cut(strings.TrimSpace(name), "/")
	if _, err = d.ask(ctx, "", "wait", "--for=condition=Complete", "--timeout=5m", "execution/"+d.failed); err != nil {
		return err
	}
	if _, err := d.ask(ctx, "", "wait", "--for=condition=Healthy=False", "--timeout=1m", "nodecronjob/flaky"); err != nil {
		return err
	}
	d.listed, err = d.ask(ctx, "", "get", "nodecronjobs,executions")
	return err
}

// ask returns the output of kubectl in the controller's namespace.
func (d *demonstration) ask(ctx context.Context, input string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, d.kubectl(), append([]string{"--kubeconfig", d.provider.Kubeconfig(), "-n", d.controller.Namespace}, args...)...)
	command.Stdin = strings.NewReader(input)
	var failure bytes.Buffer
	command.Stderr = &failure
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", args[0], err, failure.Bytes())
	}
	return string(out), nil
}
