package simulation

import (
	"context"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1client "github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client/clienttest"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

type (
	unusedNodeCronJobs struct {
		v1alpha1client.NodeCronJobInterface
	}
	unusedExecutions struct {
		v1alpha1client.ExecutionInterface
	}

	nodeCronJobClient struct {
		client[*v1alpha1.NodeCronJob]
		unusedNodeCronJobs
	}
	executionClient struct {
		client[*v1alpha1.Execution]
		unusedExecutions
	}
)

func (c nodeCronJobClient) List(ctx context.Context, o metav1.ListOptions) (*v1alpha1.NodeCronJobList, error) {
	found, version, err := c.list(ctx, o)
	if err != nil {
		return nil, err
	}
	var own *v1alpha1.NodeCronJob
	for _, n := range found {
		if n.Name == name {
			own = n
		}
	}
	c.process.hasSeen(own)
	return &v1alpha1.NodeCronJobList{ListMeta: meta(version), Items: values(found)}, nil
}

func (c executionClient) List(ctx context.Context, o metav1.ListOptions) (*v1alpha1.ExecutionList, error) {
	found, version, err := c.list(ctx, o)
	if err != nil {
		return nil, err
	}
	return &v1alpha1.ExecutionList{ListMeta: meta(version), Items: values(found)}, nil
}

type v1alpha1Client struct{ view *view }

// V1alpha1 implements kube.Client.
func (v *view) V1alpha1() v1alpha1client.Interface { return v1alpha1Client{v} }

func (c v1alpha1Client) NodeCronJobs(string) v1alpha1client.NodeCronJobInterface {
	return nodeCronJobClient{client: client[*v1alpha1.NodeCronJob]{c.view, nodeCronJobs}}
}

func (c v1alpha1Client) Executions(string) v1alpha1client.ExecutionInterface {
	return executionClient{client: client[*v1alpha1.Execution]{c.view, executions}}
}

// What the controller is simulated with is what a real API server does, as far as package
// clienttest tells.
func TestCustomResources(t *testing.T) {
	for _, test := range append(clienttest.Cases(), clienttest.Collection()...) {
		t.Run(test.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(1, nil, quiet())
				w.scenario.calmFrom = 0
				p := &process{world: w, name: processName(0, 1), killed: make(chan struct{}), attempts: map[string]int{}, caps: make([]capOf, 1)}
				v := &view{world: w, process: p}
				test.Run(t, clienttest.Cluster{
					Namespace: namespace, Resources: v.V1alpha1(), ConfigMaps: v.CoreV1().ConfigMaps(namespace),
				})
				w.mu.Lock()
				defer w.mu.Unlock()
				w.over = true
			})
		})
	}
}
