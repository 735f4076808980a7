package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/environment"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// environment returns the environment of a controller.
func (c *Cluster) environment(ctx context.Context, d *appsv1.Deployment) (config.Env, error) {
	return environment.OfController(d.Spec.Template, c.surroundings(ctx, d))
}

// containerOf returns the name of the controller's container.
func (c *Cluster) containerOf(ctx context.Context, d *appsv1.Deployment) string {
	return environment.Container(d.Spec.Template, c.surroundings(ctx, d))
}

func (c *Cluster) surroundings(ctx context.Context, d *appsv1.Deployment) environment.Surroundings {
	return environment.Surroundings{
		Namespace: d.Namespace,
		Data: func(kind environment.Kind, name string) (data map[string]string, err error) {
			if data, err = c.dataOf(ctx, d.Namespace, kind, name); apierrors.IsNotFound(err) {
				return nil, nil
			}
			if err != nil {
				return nil, fmt.Errorf("read %s %s: %w", kind, name, err)
			}
			return data, nil
		},
	}
}

func (c *Cluster) dataOf(ctx context.Context, namespace string, kind environment.Kind, name string) (map[string]string, error) {
	if kind == environment.ConfigMap {
		object, err := c.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return object.Data, nil
	}
	object, err := c.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	data := map[string]string{}
	for key, value := range object.Data {
		data[key] = string(value)
	}
	return data, nil
}

// configuration reads the configuration of a controller with this environment.
func (c *Cluster) configuration(ctx context.Context, env config.Env) (config.Config, error) {
	object, err := c.CoreV1().ConfigMaps(env.Namespace).Get(ctx, env.ConfigMapName, metav1.GetOptions{})
	if err != nil {
		return config.Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	cfg, _, err := config.Decode(object.Data, env, time.Now())
	var problems config.Problems
	if errors.As(err, &problems) {
		return cfg, fmt.Errorf("the controller rejects the configuration in configmap/%s:\n%w", env.ConfigMapName, err)
	}
	return cfg, err
}
