package controller

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// The state ConfigMap remembers which tick was dealt with last. Executions do
// not tell: users delete them, and a skipped tick leaves none.
const (
	stateSuffix    = "-state"
	stateComponent = "state"
	lastTickKey    = "lastTick"
)

func (c *Controller) stateName() string { return c.Config.Name + stateSuffix }

func (c *Controller) stateReference() corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: c.Namespace, Name: c.stateName()}
}

// lastTick returns the remembered time, or the zero time if there is none.
func (c *Controller) lastTick(ctx context.Context) (time.Time, error) {
	object, err := c.Client.CoreV1().ConfigMaps(c.Namespace).Get(ctx, c.stateName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read %s: %w", c.stateName(), err)
	}
	last, err := time.Parse(time.RFC3339, object.Data[lastTickKey])
	if err != nil {
		// Forgotten ticks are not worth a controller that does not start.
		c.Log.Warn("the last tick is not readable, ticks missed before now are not made up for",
			"object", c.stateName(), "value", object.Data[lastTickKey])
		return time.Time{}, nil
	}
	return last, nil
}

// saveLastTick remembers the time. If it fails, a restart may take a tick that
// was skipped for one that was missed: it is logged, and the next tick mends it.
func (c *Controller) saveLastTick(ctx context.Context, last time.Time) {
	client := c.Client.CoreV1().ConfigMaps(c.Namespace)
	object := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: c.stateName(), Labels: jobspec.CommonLabels(c.Config.Name, stateComponent)},
		Data:       map[string]string{lastTickKey: last.UTC().Format(time.RFC3339)},
	}
	_, err := client.Update(ctx, object, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.Create(ctx, object, metav1.CreateOptions{})
	}
	if err != nil && ctx.Err() == nil {
		c.Log.Error("last tick not remembered", "object", c.stateName(), "error", err)
	}
}
