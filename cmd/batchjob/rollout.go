package batchjob

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	shownLogLines = 10   // lines of a log that are printed
	readLogLines  = 500  // lines that are read: debug lines are omitted
	logLineSize   = 4096 // bytes of a line, which may list many problems
)

// awaitRollout waits until a controller is ready, and prints why it is not.
func (t *tool) awaitRollout(ctx context.Context, c *cluster, d *appsv1.Deployment, timeout time.Duration) error {
	said := &dedupPrinter{to: t.ErrOut}
	var last progress.Rollout
	err := until(ctx, timeout, said, func(ctx context.Context) (bool, error) {
		now, err := c.rollout(ctx, d)
		if err != nil {
			return false, err
		}
		last = now
		said.print(strings.Join(append([]string{"rollout: " + now.Line}, now.Why...), "\n  "))
		if now.Broken != "" {
			return false, &statusError{exitNotDone, errors.New("the controller exited, and a restart would not help")}
		}
		return now.Done, nil
	})
	if err == nil {
		return nil
	}
	text := fmt.Sprintf("deployment %s in namespace %s is not ready: %%w", d.Name, d.Namespace)
	if last.NotReady != "" {
		if log := completeLog(c.log(ctx, d.Namespace, last.NotReady), lastLines(last.TerminationMessage)); log != "" {
			text += "\nThe end of its log:\n" + strings.ReplaceAll(log, "%", "%%")
		}
	}
	var status *statusError
	if errors.As(err, &status) {
		if status.status == exitTimeout {
			text += fmt.Sprintf("\nThe rollout continues; check it with: %s status -n %s", t.name, d.Namespace)
		}
		return &statusError{status.status, fmt.Errorf(text, status.err)}
	}
	return fmt.Errorf(text, err)
}

func (c *cluster) rollout(ctx context.Context, d *appsv1.Deployment) (progress.Rollout, error) {
	live, err := c.AppsV1().Deployments(d.Namespace).Get(ctx, d.Name, metav1.GetOptions{})
	if err != nil {
		return progress.Rollout{}, fmt.Errorf("get the Deployment: %w", err)
	}
	pods, err := c.newestPods(ctx, live)
	if err != nil {
		return progress.Rollout{}, err
	}
	events, err := c.CoreV1().Events(d.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.kind=Pod,type=Warning"})
	if err != nil {
		return progress.Rollout{}, fmt.Errorf("list events: %w", err)
	}
	return progress.OfRollout(live, pods, events.Items, time.Now()), nil
}

// newestPods returns the pods of the newest revision: problems of earlier revisions
// are irrelevant.
func (c *cluster) newestPods(ctx context.Context, d *appsv1.Deployment) ([]corev1.Pod, error) {
	if d.Status.ObservedGeneration < d.Generation {
		return nil, nil
	}
	sets, err := c.AppsV1().ReplicaSets(d.Namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector)})
	if err != nil {
		return nil, fmt.Errorf("list the ReplicaSets: %w", err)
	}
	hash := ""
	for i := range sets.Items {
		if sets.Items[i].Annotations[revisionAnnotation] == d.Annotations[revisionAnnotation] {
			hash = sets.Items[i].Labels[appsv1.DefaultDeploymentUniqueLabelKey]
		}
	}
	pods, err := c.pods(ctx, d)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(pods, func(pod corev1.Pod) bool {
		return pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey] != hash
	}), nil
}

// revisionAnnotation is equal on a Deployment and its newest ReplicaSet.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// log returns the end of the log of a pod: of its previous container, if it was
// restarted.
func (c *cluster) log(ctx context.Context, namespace, pod string) string {
	lines := int64(readLogLines)
	for _, previous := range []bool{true, false} {
		data, err := c.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{TailLines: &lines, Previous: previous}).DoRaw(ctx)
		if text := lastLines(string(data)); err == nil && text != "" {
			return text
		}
	}
	return ""
}

// completeLog returns the log of a container, or the end that its pod's status has
// of it. A kubelet that is about to restart a container may have removed the file,
// and then returns an error message as the log.
func completeLog(log, end string) string {
	lastLine := end[strings.LastIndexByte(end, '\n')+1:]
	if strings.Contains(log, lastLine) {
		return log
	}
	return end
}

// lastLines returns the last lines of a log without debug lines and without control
// characters, which could affect a terminal.
func lastLines(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(strings.Map(printable, line))
		if line != "" && !isDebug(line) {
			lines = append(lines, execution.Truncate(line, logLineSize))
		}
	}
	return strings.Join(lines[max(0, len(lines)-shownLogLines):], "\n")
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// isDebug recognizes debug lines of log/slog, as JSON or text. Levels between debug
// and info are DEBUG+1 to DEBUG+3.
func isDebug(line string) bool {
	return strings.Contains(line, `"level":"DEBUG`) || strings.Contains(line, " level=DEBUG")
}
