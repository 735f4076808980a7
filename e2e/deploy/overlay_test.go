package deploy

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestOverlayRender(t *testing.T) {
	objects, err := Overlay{
		Namespace: "there", Image: "localhost/some:tag", ConfigMap: "other", Config: "name: one\n", PodTemplate: "kind: Pod\n",
		ReportDirectory: "/reports", PodIP: true, Service: "callback", ServicePort: 8095, Headless: true,
		Components: []string{"ha"}, Volume: "shared",
	}.render()
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if ns := object.GetNamespace(); ns != "" && ns != "there" {
			t.Errorf("%s %s is in namespace %s", object.GetKind(), object.GetName(), ns)
		}
	}
	if name, err := configuredName(objects, "other"); err != nil || name != "one" {
		t.Errorf("configuredName: got %q, %v", name, err)
	}
	var deployment appsv1.Deployment
	as(t, objects, "Deployment", baseName, &deployment)
	container := deployment.Spec.Template.Spec.Containers[0]
	if container.Image != "localhost/some:tag" {
		t.Errorf("got image %s", container.Image)
	}
	if got := environmentVariable(deployment.Spec.Template.Spec, "CONFIG_MAP_NAME"); got != "other" {
		t.Errorf("got CONFIG_MAP_NAME %s", got)
	}
	if mounts := container.VolumeMounts; mounts[0].Name != "reports" || mounts[0].MountPath != "/reports" {
		t.Errorf("got mounts %v", mounts)
	}
	var service corev1.Service
	as(t, objects, "Service", "callback", &service)
	if service.Spec.ClusterIP != "None" || service.Spec.Ports[0].Port != 8095 || service.Spec.Ports[0].TargetPort.IntValue() != CallbackPort {
		t.Errorf("got Service %v", service.Spec)
	}
	var claim corev1.PersistentVolumeClaim
	as(t, objects, "PersistentVolumeClaim", baseName, &claim)
	if claim.Spec.VolumeName != "shared" || claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName != "" {
		t.Errorf("got claim %v", claim.Spec)
	}
	if got := *deployment.Spec.Replicas; got != 2 {
		t.Errorf("got %d replicas", got)
	}
	as(t, objects, "ClusterRole", "batch-job-controller:there", nil)
}

func TestOverlayRenderOnAnother(t *testing.T) {
	objects, err := Overlay{
		Parent: "production", Namespace: "there", Image: "localhost/some:tag", Config: "name: one\n", PodTemplate: "kind: Pod\n", Volume: "shared",
	}.render()
	if err != nil {
		t.Fatal(err)
	}
	as(t, objects, "Namespace", "there", nil)
	as(t, objects, "ClusterRole", "batch-job-controller:there", nil)
	var deployment appsv1.Deployment
	as(t, objects, "Deployment", baseName, &deployment)
	if got := deployment.Spec.Template.Spec.Containers[0].Image; got != "localhost/some:tag" || deployment.Namespace != "there" {
		t.Errorf("got image %s in %s", got, deployment.Namespace)
	}
}

func as(t *testing.T, objects []*unstructured.Unstructured, kind, name string, into any) {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() != kind || object.GetName() != name {
			continue
		}
		if into == nil {
			return
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no %s %s", kind, name)
}
