package batchjob

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/environment"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// deploymentSelector matches installed controllers, however they were installed.
const deploymentSelector = "app.kubernetes.io/name=batch-job-controller"

// find returns the controller of the given namespace. Without one, it is the
// controller of the kubeconfig's namespace, or else the only one of the cluster.
func (t *tool) find(ctx context.Context, c *cluster) (*appsv1.Deployment, error) {
	namespace, err := t.contextNamespace()
	if err != nil {
		return nil, err
	}
	found, err := c.controllers(ctx, namespace)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 && t.givenNamespace() == "" {
		found, err = c.controllers(ctx, metav1.NamespaceAll)
		if err != nil && !apierrors.IsForbidden(err) {
			return nil, err
		}
	}
	switch len(found) {
	case 1:
		return &found[0], nil
	case 0:
		return nil, t.notInstalled(ctx, c, namespace)
	default:
		return nil, misuse(fmt.Errorf("found %d controllers: choose one with -n: %s", len(found), namespaces(found)))
	}
}

func (c *cluster) controllers(ctx context.Context, namespace string) ([]appsv1.Deployment, error) {
	list, err := c.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{LabelSelector: deploymentSelector})
	if err != nil {
		return nil, fmt.Errorf("list controllers: %w", err)
	}
	return list.Items, nil
}

// notInstalled says where controllers are installed.
func (t *tool) notInstalled(ctx context.Context, c *cluster, namespace string) error {
	text := "no controller in namespace " + namespace
	elsewhere, err := c.controllers(ctx, metav1.NamespaceAll)
	if err == nil && len(elsewhere) > 0 {
		return misuse(fmt.Errorf("%s was installed with %s; there are controllers in: %s", text, t.name, namespaces(elsewhere)))
	}
	return misuse(fmt.Errorf("%s; to install one: %s install --overlay demo", text, t.name))
}

func namespaces(of []appsv1.Deployment) string {
	var names []string
	for i := range of {
		names = append(names, of[i].Namespace)
	}
	return strings.Join(names, ", ")
}

// pods returns the pods of a controller.
func (c *cluster) pods(ctx context.Context, d *appsv1.Deployment) ([]corev1.Pod, error) {
	list, err := c.CoreV1().Pods(d.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector),
	})
	if err != nil {
		return nil, fmt.Errorf("list the controller's pods: %w", err)
	}
	return list.Items, nil
}

// environment returns the environment of a controller.
func (c *cluster) environment(ctx context.Context, d *appsv1.Deployment) (config.Env, error) {
	return environment.OfController(d.Spec.Template, c.surroundings(ctx, d))
}

// containerOf returns the name of the controller's container.
func (c *cluster) containerOf(ctx context.Context, d *appsv1.Deployment) string {
	return environment.Container(d.Spec.Template, c.surroundings(ctx, d))
}

func (c *cluster) surroundings(ctx context.Context, d *appsv1.Deployment) environment.Surroundings {
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

func (c *cluster) dataOf(ctx context.Context, namespace string, kind environment.Kind, name string) (map[string]string, error) {
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
func (c *cluster) configuration(ctx context.Context, env config.Env) (config.Config, error) {
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

// nextTick describes when the next execution starts, if last is the last processed
// tick.
func nextTick(cfg config.Config, last, now time.Time) string {
	schedule, err := plan.ParseSchedule(cfg.CronExpression, cfg.TimeZone, now)
	if err != nil {
		return "no time: " + err.Error()
	}
	next, passedOver := plan.NextTick(schedule, last, now)
	text := fmt.Sprintf("%s, in %s", next.UTC().Format("2006-01-02 15:04 MST"), humanDuration(next.Sub(now)))
	if passedOver {
		text += fmt.Sprintf(": ticks until %s are passed over, because a clock was ahead", last.UTC().Format("2006-01-02 15:04 MST"))
	}
	return text
}
