package deploy

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// Images replace the images of an overlay by images that the cluster has.
type Images struct {
	Controller string
	Job        string
}

// DeployNamed applies an overlay of package kustomize, such as demo, and restarts a
// controller that runs already. It does not wait.
func (c *Cluster) DeployNamed(ctx context.Context, overlay string, images Images) (*Controller, error) {
	text, err := manifests.Render(manifests.Options{Overlay: overlay})
	if err != nil {
		return nil, err
	}
	rendered, err := objects.Decode(text)
	if err != nil {
		return nil, err
	}
	for _, object := range rendered {
		if err := images.put(object); err != nil {
			return nil, fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	if err := c.apply(ctx, rendered); err != nil {
		return nil, err
	}
	return c.find(rendered)
}

// put replaces the images in a Deployment, and in the pod template of a
// configuration.
func (i Images) put(object *unstructured.Unstructured) error {
	switch object.GetKind() {
	case "Deployment":
		var d appsv1.Deployment
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &d); err != nil {
			return err
		}
		d.Spec.Template.Spec.Containers[0].Image = i.Controller
		if d.Spec.Template.Annotations == nil {
			d.Spec.Template.Annotations = map[string]string{}
		}
		// `kubectl rollout restart` sets this annotation.
		d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] = time.Now().Format(time.RFC3339)
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&d)
		if err != nil {
			return err
		}
		delete(content, "status")
		object.Object = content
	case "ConfigMap":
		template, found, err := unstructured.NestedString(object.Object, "data", "pod-template.yaml")
		if err != nil || !found {
			return err
		}
		return unstructured.SetNestedField(object.Object, withImage(template, i.Job), "data", "pod-template.yaml")
	}
	return nil
}

// withImage replaces the image of every container of a pod template. It does not parse the
// text, which is YAML only after its execution as a template.
func withImage(template, image string) string {
	lines := strings.Split(template, "\n")
	for n, line := range lines {
		if before, _, found := strings.Cut(line, "image: "); found && strings.Trim(before, " -") == "" {
			lines[n] = before + "image: " + image
		}
	}
	return strings.Join(lines, "\n")
}
