package deploy

import (
	"context"
	"fmt"
	"net/http"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// Controller is a deployed controller.
type Controller struct {
	Namespace  string
	Name       string // of the configuration: the prefix of the names of Jobs and records
	Deployment string

	cluster *Cluster
	objects []*unstructured.Unstructured
	pods    labels.Selector
	tunnel  *tunnel
	http    *http.Client
}

// Deploy applies an overlay. It does not wait.
func (c *Cluster) Deploy(ctx context.Context, o Overlay) (*Controller, error) {
	c.rendering.Lock() // kustomize keeps its schema in package variables
	objects, err := o.render()
	c.rendering.Unlock()
	if err != nil {
		return nil, err
	}
	if err := c.apply(ctx, objects); err != nil {
		return nil, err
	}
	return c.find(objects)
}

// Attach finds a controller that was deployed before.
func (c *Cluster) Attach(ctx context.Context, namespace, deployment string) (*Controller, error) {
	d, err := c.AppsV1().Deployments(namespace).Get(ctx, deployment, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("find the controller: %w", err)
	}
	return c.controller(namespace, deployment, d.Spec.Selector.MatchLabels), nil
}

func (c *Cluster) controller(namespace, deployment string, pods map[string]string) *Controller {
	controller := &Controller{
		Namespace: namespace, Deployment: deployment, cluster: c, pods: labels.SelectorFromSet(pods),
	}
	controller.tunnel = &tunnel{cluster: c, namespace: namespace, pod: controller.podName}
	controller.http = controller.tunnel.client()
	return controller
}

// find returns the controller of a set of objects.
func (c *Cluster) find(objects []*unstructured.Unstructured) (*Controller, error) {
	deployment, err := theOnly(objects, "Deployment")
	if err != nil {
		return nil, err
	}
	var d appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(deployment.Object, &d); err != nil {
		return nil, fmt.Errorf("deployment %s: %w", deployment.GetName(), err)
	}
	name, err := configuredName(objects, environmentVariable(d.Spec.Template.Spec, "CONFIG_MAP_NAME"))
	if err != nil {
		return nil, err
	}
	controller := c.controller(d.Namespace, d.Name, d.Spec.Selector.MatchLabels)
	controller.Name, controller.objects = name, objects
	return controller, nil
}

func environmentVariable(pod corev1.PodSpec, name string) string {
	for _, v := range pod.Containers[0].Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

func theOnly(objects []*unstructured.Unstructured, kind string) (*unstructured.Unstructured, error) {
	var found []*unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == kind {
			found = append(found, object)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d objects of kind %s where one is expected", len(found), kind)
	}
	return found[0], nil
}

// Delete deletes the deployed objects, and all objects that the controller created.
func (c *Controller) Delete(ctx context.Context) error {
	c.tunnel.Close()
	return c.cluster.delete(ctx, c.objects)
}
