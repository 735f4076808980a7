package cluster

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
)

// deploymentSelector matches installed controllers, however they were installed.
const deploymentSelector = "app.kubernetes.io/name=batch-job-controller"

// chosenDeployment returns the controller of the given namespace. Without one, it is
// the controller of the kubeconfig's namespace, or else the only one of the cluster.
func (c *Cluster) chosenDeployment(ctx context.Context, t *cli.Tool) (*appsv1.Deployment, error) {
	namespace, err := t.ContextNamespace()
	if err != nil {
		return nil, err
	}
	found, err := c.controllers(ctx, namespace)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && t.GivenNamespace() == "" {
		found, err = c.controllers(ctx, metav1.NamespaceAll)
		if err != nil && !apierrors.IsForbidden(err) {
			return nil, err
		}
	}
	switch len(found) {
	case 1:
		return &found[0], nil
	case 0:
		return nil, c.NotInstalled(ctx, t.Name, namespace)
	default:
		return nil, cli.Misuse(fmt.Errorf("found %d controllers: choose one with -n: %s", len(found), namespaces(found)))
	}
}

func (c *Cluster) controllers(ctx context.Context, namespace string) ([]appsv1.Deployment, error) {
	list, err := c.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{LabelSelector: deploymentSelector})
	if err != nil {
		return nil, fmt.Errorf("list controllers: %w", err)
	}
	return list.Items, nil
}

// NotInstalled returns the error that a namespace has no controller. It says where
// controllers are installed. name is the name of the program.
func (c *Cluster) NotInstalled(ctx context.Context, name, namespace string) error {
	text := "no controller in namespace " + namespace
	elsewhere, err := c.controllers(ctx, metav1.NamespaceAll)
	if err == nil && len(elsewhere) > 0 {
		return cli.Misuse(fmt.Errorf("%s was installed with %s; there are controllers in: %s", text, name, namespaces(elsewhere)))
	}
	return cli.Misuse(fmt.Errorf("%s; to install one: %s install --overlay demo", text, name))
}

func namespaces(of []appsv1.Deployment) string {
	var names []string
	for i := range of {
		names = append(names, of[i].Namespace)
	}
	return strings.Join(names, ", ")
}
