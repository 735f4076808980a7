package cluster

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Installation is a controller that was found.
type Installation struct {
	*Cluster
	Deployment *appsv1.Deployment
	Namespace  string // of the controller's objects
	Container  string // of its pods, in which it runs
	Config     config.Config
	LastTick   time.Time // the last processed tick

	last     map[string]record.Record // the records as they were last read, by name
	prefixes map[string]string        // of the metrics of the NodeCronJobs, by name
}

// Find finds the controller that the command line chooses. If its configuration is
// invalid, it returns the installation, and an error of type config.Problems.
func Find(ctx context.Context, t *cli.Tool) (*Installation, error) {
	c, err := Connect(t.Flags)
	if err != nil {
		return nil, err
	}
	deployment, err := c.chosenDeployment(ctx, t)
	if err != nil {
		return nil, err
	}
	i := &Installation{Cluster: c, Deployment: deployment}
	return i, i.configure(ctx)
}

// configure reads the configuration as the controller does. If the configuration is
// invalid, the error is of type config.Problems.
func (i *Installation) configure(ctx context.Context) error {
	env, err := i.environment(ctx, i.Deployment)
	if err != nil {
		return err
	}
	i.Namespace, i.Container = env.Namespace, i.containerOf(ctx, i.Deployment)
	if i.Config, err = i.configuration(ctx, env); err != nil {
		return err
	}
	state, err := i.CoreV1().ConfigMaps(i.Namespace).Get(ctx, progress.StateName(i.Config.Name), metav1.GetOptions{})
	switch {
	case err == nil:
		i.LastTick = progress.LastTick(state, i.Config.Name)
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("read the last processed tick: %w", err)
	}
	return nil
}

// Started returns when the first replica of the controller started, or no time.
// Pods of an earlier revision of the Deployment do not count: they end.
func (i *Installation) Started(ctx context.Context) (time.Time, error) {
	live, err := i.AppsV1().Deployments(i.Deployment.Namespace).Get(ctx, i.Deployment.Name, metav1.GetOptions{})
	if err != nil {
		return time.Time{}, fmt.Errorf("get the Deployment: %w", err)
	}
	pods, err := i.newestPods(ctx, live)
	if err != nil {
		return time.Time{}, err
	}
	return progress.Started(pods, i.Container), nil
}
