package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	explainTimeout = 10 * time.Second
	explainLines   = 20 // of a log
)

// explain adds the states and logs of the controller's pods to an error.
func (c *Controller) explain(err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), explainTimeout)
	defer cancel()
	pods, listErr := c.cluster.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: c.pods.String()})
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	var details strings.Builder
	for i := range pods.Items {
		pod := &pods.Items[i]
		fmt.Fprintf(&details, "\npod %s: %s", pod.Name, describe(pod))
		log, logErr := c.logs(ctx, pod, false)
		if logErr != nil {
			log = logErr.Error()
		}
		details.WriteString("\n" + lastLines(log, explainLines))
	}
	return fmt.Errorf("%w%s", err, details.String())
}

func describe(pod *corev1.Pod) string {
	words := []string{string(pod.Status.Phase), pod.Status.Message}
	for _, s := range pod.Status.ContainerStatuses {
		switch {
		case s.State.Waiting != nil:
			words = append(words, s.State.Waiting.Reason, s.State.Waiting.Message)
		case s.State.Terminated != nil:
			words = append(words, fmt.Sprintf("ended with status %d", s.State.Terminated.ExitCode))
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			words = append(words, condition.Message)
		}
	}
	return strings.Join(words, " ")
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
