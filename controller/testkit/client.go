package testkit

import (
	"k8s.io/client-go/kubernetes"

	v1alpha1client "github.com/batch-job-controller/batch-job-controller/controller/api/client"
	v1alpha1fake "github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
)

// Client is a kube.Client: a clientset, such as client-go's fake, and the custom resources
// beside it.
type Client struct {
	kubernetes.Interface
	resources v1alpha1client.Interface
}

// NewClient returns a client of a clientset, without custom resources yet.
func NewClient(clientset kubernetes.Interface) Client {
	return Client{Interface: clientset, resources: newResources()}
}

// V1alpha1 implements kube.Client.
func (c Client) V1alpha1() v1alpha1client.Interface { return c.resources }

// newResources panics only if the kinds cannot be registered, which no test can mend.
func newResources() *v1alpha1fake.Client {
	resources, err := v1alpha1fake.New()
	if err != nil {
		panic(err)
	}
	return resources
}
