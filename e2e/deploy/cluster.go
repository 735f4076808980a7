package deploy

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
)

// Cluster is a cluster to deploy to, with administrator access.
type Cluster struct {
	kubernetes.Interface
	resources client.Interface
	config    *rest.Config
	dynamic   dynamic.Interface
	mapper    *restmapper.DeferredDiscoveryRESTMapper

	rendering sync.Mutex

	defining    sync.Mutex
	definitions []*unstructured.Unstructured // those that were applied
}

// Connect makes the clients for a kubeconfig.
func Connect(kubeconfig string) (*Cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 100, 200
	config.UserAgent = "batch-job-controller-e2e"
	config.WarningHandler = rest.NoWarnings{}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	dynamicClient, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	resources, err := client.New(config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(clients.Discovery()))
	return &Cluster{Interface: clients, resources: resources, config: config, dynamic: dynamicClient, mapper: mapper}, nil
}

// Check returns an error unless the API server responds.
func (c *Cluster) Check(ctx context.Context) error {
	return c.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
}
