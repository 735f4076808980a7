package servingcert

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
)

// maxTrusted bounds the bundle: the newest are kept.
const maxTrusted = 8

// swapTries is how often to retry a write at once after a conflict with another
// replica.
const swapTries = 5

// configMaps is the part of the client that the bundle needs.
type configMaps interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.ConfigMap, error)
	Create(ctx context.Context, object *corev1.ConfigMap, o metav1.CreateOptions) (*corev1.ConfigMap, error)
	Update(ctx context.Context, object *corev1.ConfigMap, o metav1.UpdateOptions) (*corev1.ConfigMap, error)
}

// caBundle is the ConfigMap with the certificate authorities for clients of a port.
type caBundle struct {
	client     configMaps
	controller string
	name       string
	key        string
}

func newCABundle(o Options) caBundle {
	key := jobspec.CAKey
	if o.Port != CallbackPort {
		key = o.Port + "-" + key
	}
	return caBundle{
		client:     o.Client.ConfigMaps(o.Namespace),
		controller: o.Controller,
		name:       jobspec.CABundleName(o.Controller),
		key:        key,
	}
}

// publish adds authorities to those in the ConfigMap, and returns all of them. Earlier
// ones stay while they are valid: other replicas may still present their certificates.
func (b caBundle) publish(ctx context.Context, bundle []byte, now time.Time) (all []byte, err error) {
	for range swapTries {
		all, err = b.tryPublish(ctx, bundle, now)
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("ConfigMap %s with the CA bundle: %w", b.name, err)
	}
	return all, nil
}

func (b caBundle) tryPublish(ctx context.Context, bundle []byte, now time.Time) ([]byte, error) {
	there, err := b.client.Get(ctx, b.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = b.client.Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Name: b.name, Labels: jobspec.CommonLabels(b.controller, caComponent), Annotations: jobspec.CommonAnnotations(),
			},
			Data: map[string]string{b.key: string(bundle)},
		}, metav1.CreateOptions{})
		return bundle, err
	}
	if err != nil {
		return nil, err
	}
	if there.Labels[jobspec.OwnerLabel] != b.controller {
		return nil, fmt.Errorf("does not belong to this controller: it has no label %s=%s", jobspec.OwnerLabel, b.controller)
	}
	had := []byte(there.Data[b.key])
	all, err := mergeBundles(bundle, had, now)
	if err != nil || bytes.Equal(all, had) {
		return all, err
	}
	there = there.DeepCopy()
	if there.Data == nil {
		there.Data = map[string]string{}
	}
	there.Data[b.key] = string(all)
	_, err = b.client.Update(ctx, there, metav1.UpdateOptions{})
	return all, err
}

// caComponent labels the objects of the controller's own authority.
const caComponent = "certificate-authority"

// mergeBundles returns the first bundle and the valid part of the second. If the second
// contains the first, it stays unchanged: two replicas with different views must not
// overwrite each other in turns.
func mergeBundles(fresh, had []byte, now time.Time) ([]byte, error) {
	first, err := certificate.ParseBundle(fresh)
	if err != nil {
		return nil, err
	}
	second, err := certificate.ParseBundle(had)
	if err != nil {
		return fresh, nil //nolint:nilerr // an invalid bundle is replaced
	}
	all, missing := second, false
	for _, c := range slices.Backward(first) {
		if !slices.ContainsFunc(second, c.Equal) {
			all, missing = slices.Insert(slices.Clone(all), 0, c), true
		}
	}
	kept := slices.DeleteFunc(slices.Clone(all), func(c *x509.Certificate) bool { return !now.Before(c.NotAfter) })
	if !missing && len(kept) == len(all) {
		return had, nil
	}
	return certificate.FormatBundle(kept[:min(len(kept), maxTrusted)]), nil
}
