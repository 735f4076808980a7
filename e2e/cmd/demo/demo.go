package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

const (
	overlay     = "demo"
	clusterName = "e2e" // the cluster of `make cluster` and `make cluster-down`
	nodes       = 3

	readyTimeout     = 3 * time.Minute
	executionTimeout = 5 * time.Minute
)

// demonstration is the state that the steps share.
type demonstration struct {
	provider   provider.Provider
	cluster    *deploy.Cluster
	image      string
	controller *deploy.Controller
	report     execution.Report
	results    map[string]string // by node, in words
	ports      forwarded
	bad        string // the node on which the second definition fails
	failed     string // the Execution that fails there
	listed     string // what kubectl shows of both
}

func demo(ctx context.Context) error {
	d := &demonstration{}
	began := time.Now()
	fmt.Print("Two definitions of batch-job-controller on a cluster of your own.\n\n")
	for _, s := range []step{
		{"cluster", "a local Kubernetes of three nodes", d.startCluster},
		{"image", "the controller, built from this directory", d.buildImage},
		{"deployment", "kustomize/overlays/" + overlay, d.deploy},
		{"execution", "a Job on every node", d.runExecution},
		{"definition", "a NodeCronJob that fails on one node", d.runFlaky},
		{"ports", "of the controller, on this machine", d.openPorts},
	} {
		if err := s.run(ctx, os.Stdout); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	fmt.Printf("\nDone in %s. What the nodes reported:\n\n", time.Since(began).Round(time.Second))
	d.print(os.Stdout)
	return d.judge()
}

func (d *demonstration) startCluster(ctx context.Context, log io.Writer) (err error) {
	name := cmp.Or(os.Getenv(provider.ClusterVariable), clusterName)
	d.provider, err = provider.StartAny(ctx, provider.Options{Provider: os.Getenv(provider.Variable), Name: name, Nodes: nodes, Keep: true, Log: log})
	if err != nil {
		return err
	}
	d.cluster, err = deploy.Connect(d.provider.Kubeconfig())
	return err
}

func (d *demonstration) buildImage(ctx context.Context, log io.Writer) error {
	image, err := deploy.Build(ctx, deploy.Server, log)
	if err != nil {
		return err
	}
	d.image = image.Name
	return d.provider.LoadImage(ctx, image.Archive)
}

// deploy applies the overlay. It restarts a controller that runs already, because an
// execution runs when the controller starts.
func (d *demonstration) deploy(ctx context.Context, _ io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	d.controller, err = d.cluster.DeployNamed(ctx, overlay, deploy.Images{
		Controller: d.image, Job: d.provider.JobImage(),
	})
	if err != nil {
		return err
	}
	return d.controller.WaitReady(ctx)
}

func (d *demonstration) runExecution(ctx context.Context, _ io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, executionTimeout)
	defer cancel()
	pod, err := d.controller.Pod(ctx)
	if err != nil {
		return err
	}
	since := execution.NewID(pod.CreationTimestamp.Add(-time.Second))
	done, err := d.controller.WaitForExecution(ctx, deploy.IsAfter(since), deploy.IsClosed)
	if err != nil {
		return err
	}
	return d.readReport(ctx, done.ID)
}

// judge returns an error if the demo failed.
func (d *demonstration) judge() error {
	counts := d.report.Count()
	if good := counts[execution.Succeeded]; good == 0 || good < len(d.report.Tasks) {
		return errors.New("not every node succeeded")
	}
	return nil
}
