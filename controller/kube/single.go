package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
)

// NewConfigMapInformer returns an informer of a ConfigMap. A change that its watch misses
// is observed within five minutes.
func NewConfigMapInformer(client Client, namespace, name, instance string, clk clock.WithTicker, jitter backoff.Jitter) cache.SharedIndexInformer {
	only := single[*corev1.ConfigMapList]{client.CoreV1().ConfigMaps(namespace), name}
	return newInformer(client, &corev1.ConfigMap{}, newListWatch(only, "", clk, relistTime(instance, "configmaps"), jitter))
}

// Secret is a cache of one Secret. A change that its watch misses is observed within five
// minutes.
type Secret struct {
	informer cache.SharedIndexInformer
	key      string // in the cache
}

// NewSecret returns a cache that is empty until Run.
func NewSecret(client Client, namespace, name, instance string, clk clock.WithTicker, jitter backoff.Jitter) *Secret {
	only := single[*corev1.SecretList]{client.CoreV1().Secrets(namespace), name}
	return &Secret{
		informer: newInformer(client, &corev1.Secret{}, newListWatch(only, "", clk, relistTime(instance, "secrets"), jitter)),
		key:      namespace + "/" + name,
	}
}

// Run fills the cache and keeps it up to date until ctx ends.
func (c *Secret) Run(ctx context.Context) { c.informer.RunWithContext(ctx) }

// WaitForSync waits until the cache has synced, or ctx ends.
func (c *Secret) WaitForSync(ctx context.Context) error {
	if !cache.WaitForCacheSync(ctx.Done(), c.informer.HasSynced) {
		return fmt.Errorf("the cache of Secret %s did not sync: %w", c.key, context.Cause(ctx))
	}
	return nil
}

// Get returns the Secret, which the caller must not change, or nil.
func (c *Secret) Get() *corev1.Secret {
	object, _, err := c.informer.GetStore().GetByKey(c.key)
	secret, ok := object.(*corev1.Secret)
	if err != nil || !ok {
		return nil
	}
	return secret
}

// Notify calls f after the Secret is added, changed or deleted, and after each list. f must
// not block.
func (c *Secret) Notify(f func()) error {
	if _, err := c.informer.AddEventHandler(OnChange(func(any) { f() })); err != nil {
		return fmt.Errorf("cache of Secret %s: %w", c.key, err)
	}
	return nil
}

// single lists and watches one object. A Role that names the object permits that, because
// the requests name it, too.
type single[L runtime.Object] struct {
	listerWatcher[L]
	name string
}

func (s single[L]) only(options metav1.ListOptions) metav1.ListOptions {
	options.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, s.name).String()
	return options
}

// List lists the object.
func (s single[L]) List(ctx context.Context, options metav1.ListOptions) (L, error) {
	return s.listerWatcher.List(ctx, s.only(options))
}

// Watch watches the object.
func (s single[L]) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return s.listerWatcher.Watch(ctx, s.only(options))
}
