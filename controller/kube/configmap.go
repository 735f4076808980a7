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

// NewConfigMapInformer returns an informer of a ConfigMap. A change that its watch misses
// is observed within five minutes.
func NewConfigMapInformer(client Client, namespace, name, instance string, clk clock.WithTicker, jitter backoff.Jitter) cache.SharedIndexInformer {
	only := oneConfigMap{client.CoreV1().ConfigMaps(namespace), name}
	return newInformer(client, &corev1.ConfigMap{}, newListWatch(only, "", clk, relistTime(instance, "configmaps"), jitter))
}

// oneConfigMap lists and watches a single ConfigMap.
type oneConfigMap struct {
	listerWatcher[*corev1.ConfigMapList]
	name string
}

func (o oneConfigMap) only(options metav1.ListOptions) metav1.ListOptions {
	options.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, o.name).String()
	return options
}

// List lists the ConfigMap.
func (o oneConfigMap) List(ctx context.Context, options metav1.ListOptions) (*corev1.ConfigMapList, error) {
	return o.listerWatcher.List(ctx, o.only(options))
}

// Watch watches the ConfigMap.
func (o oneConfigMap) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return o.listerWatcher.Watch(ctx, o.only(options))
}
