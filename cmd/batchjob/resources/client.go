package resources

import (
	"fmt"

	"k8s.io/client-go/kubernetes"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
)

// Client reaches the cluster with the credentials of its user.
type Client struct {
	Namespace string // of the definitions and executions that a command line names
	API       client.Interface
	Kube      kubernetes.Interface
}

// Connect returns a client of the cluster that the flags choose. It sends nothing.
func Connect(t *cli.Tool) (*Client, error) {
	namespace, err := t.ContextNamespace()
	if err != nil {
		return nil, err
	}
	config, err := cli.ClientConfig(t.Flags)
	if err != nil {
		return nil, err
	}
	api, err := client.New(config)
	if err != nil {
		return nil, cli.Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, cli.Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	return &Client{Namespace: namespace, API: api, Kube: kube}, nil
}
