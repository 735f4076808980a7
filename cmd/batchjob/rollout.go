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
	lastWords = 10   // bounds what is shown of a log, in lines
	readWords = 500  // and what is read of it: debug lines are left out
	wordsSize = 4096 // of a line, in bytes: it may name many problems
)

// awaitRollout waits until a controller is ready, and tells why it is not.
func (t *tool) awaitRollout(ctx context.Context, c *cluster, d *appsv1.Deployment, timeout time.Duration) error {
	said := &news{to: t.ErrOut}
	var last progress.Rollout
	err := until(ctx, timeout, said, func(ctx context.Context) (bool, error) {
		now, err := c.rollout(ctx, d)
		if err != nil {
			return false, err
		}
		last = now
		said.say(strings.Join(append([]string{"rollout: " + now.Line}, now.Why...), "\n  "))
		if now.Broken != "" {
			return false, &statusError{exitNotDone, errors.New("the controller has ended, and another start would not help")}
		}
		return now.Done, nil
	})
	if err == nil {
		return nil
	}
	text := fmt.Sprintf("deployment %s in namespace %s is not ready: %%w", d.Name, d.Namespace)
	if last.NotReady != "" {
		if log := wholeOf(c.log(ctx, d.Namespace, last.NotReady), endOf(last.LastWords)); log != "" {
			text += "\nThe end of its log:\n" + strings.ReplaceAll(log, "%", "%%")
		}
	}
	var status *statusError
	if errors.As(err, &status) {
		if status.status == exitTimeout {
			text += fmt.Sprintf("\nIt goes on meanwhile; look again with: %s status -n %s", t.name, d.Namespace)
		}
		return &statusError{status.status, fmt.Errorf(text, status.err)}
	}
	return fmt.Errorf(text, err)
}

func (c *cluster) rollout(ctx context.Context, d *appsv1.Deployment) (progress.Rollout, error) {
	live, err := c.AppsV1().Deployments(d.Namespace).Get(ctx, d.Name, metav1.GetOptions{})
	if err != nil {
		return progress.Rollout{}, fmt.Errorf("look at the Deployment: %w", err)
	}
	pods, err := c.newestPods(ctx, live)
	if err != nil {
		return progress.Rollout{}, err
	}
	events, err := c.CoreV1().Events(d.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.kind=Pod,type=Warning"})
	if err != nil {
		return progress.Rollout{}, fmt.Errorf("look at events: %w", err)
	}
	return progress.OfRollout(live, pods, events.Items, time.Now()), nil
}

// newestPods returns the pods of the newest revision: what others ran into does
// not concern this one.
func (c *cluster) newestPods(ctx context.Context, d *appsv1.Deployment) ([]corev1.Pod, error) {
	if d.Status.ObservedGeneration < d.Generation {
		return nil, nil
	}
	sets, err := c.AppsV1().ReplicaSets(d.Namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector)})
	if err != nil {
		return nil, fmt.Errorf("look at the ReplicaSets: %w", err)
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

// revisionAnnotation is what ties a Deployment to its newest ReplicaSet.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// log returns the end of the log of a pod: of how it ended, if it was started
// again.
func (c *cluster) log(ctx context.Context, namespace, pod string) string {
	lines := int64(readWords)
	for _, previous := range []bool{true, false} {
		data, err := c.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{TailLines: &lines, Previous: previous}).DoRaw(ctx)
		if text := endOf(string(data)); err == nil && text != "" {
			return text
		}
	}
	return ""
}

// wholeOf returns the log of a container, of whose end its pod's status has at
// least a part. A kubelet that is about to start a container again may have removed
// the file, and then answers with an error of its own in place of the log.
func wholeOf(log, end string) string {
	lastLine := end[strings.LastIndexByte(end, '\n')+1:]
	if strings.Contains(log, lastLine) {
		return log
	}
	return end
}

// endOf returns the last lines of a log that are for people who do not look for
// a mistake in the program, and does nothing to their terminal.
func endOf(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(strings.Map(printable, line))
		if line != "" && !isDebug(line) {
			lines = append(lines, execution.Truncate(line, wordsSize))
		}
	}
	return strings.Join(lines[max(0, len(lines)-lastWords):], "\n")
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// isDebug is about lines as log/slog writes them, for programs or for people.
// Levels between debug and info are DEBUG+1 to DEBUG+3.
func isDebug(line string) bool {
	return strings.Contains(line, `"level":"DEBUG`) || strings.Contains(line, " level=DEBUG")
}
