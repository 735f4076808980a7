package install

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	shownLogLines = 10   // lines of a log that are printed
	readLogLines  = 500  // lines that are read: debug lines are omitted
	logLineSize   = 4096 // bytes of a line, which may list many problems
)

// awaitRollout waits until a controller is ready, and prints why it is not.
func awaitRollout(ctx context.Context, t *cli.Tool, c *cluster.Cluster, d *appsv1.Deployment, timeout time.Duration) error {
	said := cli.NewDedupPrinter(t.ErrOut)
	var last progress.Rollout
	err := cli.Until(ctx, timeout, said, func(ctx context.Context) (bool, error) {
		now, err := c.Rollout(ctx, d)
		if err != nil {
			return false, err
		}
		last = now
		said.Print(strings.Join(append([]string{"rollout: " + now.Line}, now.Why...), "\n  "))
		if now.Broken != "" {
			return false, &cli.StatusError{Status: cli.ExitNotDone, Err: errors.New("the controller exited, and a restart would not help")}
		}
		return now.Done, nil
	})
	if err == nil {
		return nil
	}
	text := fmt.Sprintf("deployment %s in namespace %s is not ready: %%w", d.Name, d.Namespace)
	if last.NotReady != "" {
		if log := completeLog(logOf(ctx, c, d.Namespace, last.NotReady), lastLines(last.TerminationMessage)); log != "" {
			text += "\nThe end of its log:\n" + strings.ReplaceAll(log, "%", "%%")
		}
	}
	var status *cli.StatusError
	if errors.As(err, &status) {
		if status.Status == cli.ExitTimeout {
			text += fmt.Sprintf("\nThe rollout continues; check it with: %s status -n %s", t.Name, d.Namespace)
		}
		return &cli.StatusError{Status: status.Status, Err: fmt.Errorf(text, status.Err)}
	}
	return fmt.Errorf(text, err)
}

// logOf returns the end of the log of a pod: of its previous container, if it was
// restarted.
func logOf(ctx context.Context, c kubernetes.Interface, namespace, pod string) string {
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
