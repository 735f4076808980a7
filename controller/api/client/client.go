package client

import (
	"context"
	"fmt"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/gentype"
	"k8s.io/client-go/rest"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// Interface has a client for each kind.
type Interface interface {
	NodeCronJobs(namespace string) NodeCronJobInterface
	Executions(namespace string) ExecutionInterface
}

// NodeCronJobInterface reads and writes the NodeCronJobs of a namespace.
type NodeCronJobInterface interface {
	Resource[*v1alpha1.NodeCronJob, *v1alpha1.NodeCronJobList]
}

// ExecutionInterface reads and writes the Executions of a namespace.
type ExecutionInterface interface {
	Resource[*v1alpha1.Execution, *v1alpha1.ExecutionList]
}

// Resource reads and writes the objects of one kind in a namespace; in all of them, if the
// namespace is empty.
type Resource[T, L runtime.Object] interface {
	Create(ctx context.Context, object T, options metav1.CreateOptions) (T, error)
	Update(ctx context.Context, object T, options metav1.UpdateOptions) (T, error)
	UpdateStatus(ctx context.Context, object T, options metav1.UpdateOptions) (T, error)
	Delete(ctx context.Context, name string, options metav1.DeleteOptions) error
	DeleteCollection(ctx context.Context, options metav1.DeleteOptions, list metav1.ListOptions) error
	Get(ctx context.Context, name string, options metav1.GetOptions) (T, error)
	List(ctx context.Context, options metav1.ListOptions) (L, error)
	Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error)
	Patch(ctx context.Context, name string, kind types.PatchType, data []byte, options metav1.PatchOptions, subresources ...string) (T, error)
}

// Client is an Interface of an API server.
type Client struct {
	rest       rest.Interface
	parameters runtime.ParameterCodec
}

// New returns a client of the API server of a configuration.
func New(config *rest.Config) (*Client, error) {
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("make client of %s: %w", v1alpha1.GroupVersion(), err)
	}
	return NewForConfigAndClient(config, httpClient)
}

// NewForConfigAndClient returns a client that shares the connections of an HTTP client, and
// the configuration's limit on the rate, with other clients. Whatever the configuration says
// of content types, the client sends JSON: custom resources have no other that every API
// server takes.
func NewForConfigAndClient(config *rest.Config, httpClient *http.Client) (*Client, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	version := v1alpha1.GroupVersion()
	own := rest.CopyConfig(config)
	own.ContentType, own.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	own.GroupVersion = &version
	own.APIPath = "/apis"
	own.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	if own.UserAgent == "" {
		own.UserAgent = rest.DefaultKubernetesUserAgent()
	}
	client, err := rest.RESTClientForConfigAndClient(own, httpClient)
	if err != nil {
		return nil, fmt.Errorf("make client of %s: %w", version, err)
	}
	return &Client{rest: client, parameters: runtime.NewParameterCodec(scheme)}, nil
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("add %s to a scheme: %w", v1alpha1.GroupVersion(), err)
	}
	return scheme, nil
}

// NodeCronJobs returns the client of a namespace's NodeCronJobs.
func (c *Client) NodeCronJobs(namespace string) NodeCronJobInterface {
	return gentype.NewClientWithList(v1alpha1.NodeCronJobResource, c.rest, c.parameters, namespace,
		func() *v1alpha1.NodeCronJob { return &v1alpha1.NodeCronJob{} },
		func() *v1alpha1.NodeCronJobList { return &v1alpha1.NodeCronJobList{} })
}

// Executions returns the client of a namespace's Executions.
func (c *Client) Executions(namespace string) ExecutionInterface {
	return gentype.NewClientWithList(v1alpha1.ExecutionResource, c.rest, c.parameters, namespace,
		func() *v1alpha1.Execution { return &v1alpha1.Execution{} },
		func() *v1alpha1.ExecutionList { return &v1alpha1.ExecutionList{} })
}
