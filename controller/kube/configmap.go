package kube

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
)

// NewConfigMapInformer returns what keeps one ConfigMap as the cluster has it. A
// change that its watch misses is seen within five minutes.
func NewConfigMapInformer(client Client, namespace, name, instance string, clk clock.WithTicker, jitter backoff.Jitter) cache.SharedIndexInformer {
	only := oneConfigMap{client.CoreV1().ConfigMaps(namespace), name}
	return newInformer(client, &corev1.ConfigMap{}, newListWatch(only, "", clk, relistTime(instance, "configmaps"), jitter))
}

// oneConfigMap narrows the ConfigMaps to one.
type oneConfigMap struct {
	listerWatcher[*corev1.ConfigMapList]
	name string
}

func (o oneConfigMap) only(options metav1.ListOptions) metav1.ListOptions {
	options.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, o.name).String()
	return options
}

// List lists it.
func (o oneConfigMap) List(ctx context.Context, options metav1.ListOptions) (*corev1.ConfigMapList, error) {
	return o.listerWatcher.List(ctx, o.only(options))
}

// Watch watches it.
func (o oneConfigMap) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return o.listerWatcher.Watch(ctx, o.only(options))
}
