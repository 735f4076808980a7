package cluster

import (
	"fmt"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
)

// Cluster is the cluster of the kubeconfig.
type Cluster struct {
	kubernetes.Interface
	Metadata  metadata.Interface
	Resources client.Interface
	Objects   *objects.Client
}

// Connect returns the cluster that the flags choose, which has responded.
func Connect(flags *genericclioptions.ConfigFlags) (*Cluster, error) {
	config, err := cli.ClientConfig(flags)
	if err != nil {
		return nil, err
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, cli.Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, cli.Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	resources, err := client.New(config)
	if err != nil {
		return nil, cli.Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	generic, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, cli.Misuse(fmt.Errorf("kubeconfig: %w", err))
	}
	if _, err := clients.Discovery().ServerVersion(); err != nil {
		return nil, fmt.Errorf("the cluster at %s does not respond: %w", config.Host, err)
	}
	mapper, err := flags.ToRESTMapper()
	if err != nil {
		return nil, fmt.Errorf("discover the resource types of the cluster: %w", err)
	}
	return &Cluster{Interface: clients, Metadata: meta, Resources: resources, Objects: &objects.Client{Dynamic: generic, Mapper: mapper}}, nil
}
