//go:build e2e

package suite

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

// sharedVolume creates a volume that all nodes can mount at the same time, for the only claim
// of a namespace.
func sharedVolume(t *testing.T, ctx context.Context, namespace string) string {
	t.Helper()
	sharer, ok := env.provider.(provider.Sharer)
	if !ok {
		t.Skipf("the nodes of provider %s share no directory, which two replicas need", env.provider.Name())
	}
	dir, err := sharer.SharedDir(namespace)
	if err != nil {
		t.Fatal(err)
	}
	volumes := env.cluster.CoreV1().PersistentVolumes()
	_, err = volumes.Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("5Gi")},
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany, corev1.ReadWriteOnce},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			ClaimRef:                      &corev1.ObjectReference{Namespace: namespace, Name: "batch-job-controller"},
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: dir}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: env.nodes,
				}}}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error { return volumes.Delete(ctx, namespace, metav1.DeleteOptions{}) })
	return namespace
}
