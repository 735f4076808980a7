//go:build e2e

package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// soon is much longer than anything takes that a user waits for.
const soon = 3 * time.Minute

// begin begins an execution, and returns its name.
func (c commandLine) begin(t *testing.T, ctx context.Context, args ...string) string {
	t.Helper()
	return nameIn(c.run(t, ctx, 0, append(args, "-o", "name")...))
}

// create creates an object with kubectl, and returns its name.
func (c commandLine) create(t *testing.T, ctx context.Context, manifest string) string {
	t.Helper()
	return nameIn(c.kubectl(t, ctx, "create", "-o", "name", "-f", c.path(t, "created.yaml", manifest)))
}

// nameIn returns the name in the first line of the output of -o name.
func nameIn(out string) string {
	_, name, _ := strings.Cut(strings.Fields(out)[0], "/")
	return name
}

// path writes a file and returns its path, for kubectl, which runs elsewhere.
func (c commandLine) path(t *testing.T, name, text string) string {
	t.Helper()
	return c.dir + "/" + c.write(t, name, text)
}

// of returns a field of an execution.
func (c commandLine) of(t *testing.T, ctx context.Context, execution, path string) string {
	t.Helper()
	return c.kubectl(t, ctx, "get", "execution", execution, "-o", "jsonpath={"+path+"}")
}

// executionsOf returns the names of the executions of a definition, by their spec: the controller
// labels them later than they are created.
func (c commandLine) executionsOf(t *testing.T, ctx context.Context, definition string) []string {
	t.Helper()
	return strings.Fields(c.kubectl(t, ctx, "get", "executions", "-o",
		`jsonpath={.items[?(@.spec.nodeCronJobName=="`+definition+`")].metadata.name}`))
}

// jobsOf returns the names of the Jobs of an execution that has been opened.
func (c commandLine) jobsOf(t *testing.T, ctx context.Context, execution string) []string {
	t.Helper()
	return strings.Fields(c.kubectl(t, ctx, "get", "jobs", "-l", jobspec.ExecutionLabel+"="+c.of(t, ctx, execution, ".status.executionID"),
		"-o", "jsonpath={.items[*].metadata.name}"))
}

// podsOf returns the names of the pods of an execution that run: none before it has been opened.
func (c commandLine) podsOf(t *testing.T, ctx context.Context, execution string) []string {
	t.Helper()
	return strings.Fields(c.kubectl(t, ctx, "get", "pods", "--field-selector", "status.phase=Running",
		"-l", jobspec.ExecutionLabel+"="+c.of(t, ctx, execution, ".status.executionID"), "-o", "jsonpath={.items[*].metadata.name}"))
}

// waitPods waits until so many pods of an execution run.
func (c commandLine) waitPods(t *testing.T, ctx context.Context, execution string, number int) (names []string) {
	t.Helper()
	within(t, ctx, soon, func() error {
		if names = c.podsOf(t, ctx, execution); len(names) != number {
			return fmt.Errorf("%d pods of %s run, not %d", len(names), execution, number)
		}
		return nil
	})
	return names
}

// nodesOf returns the nodes of pods, in the order of the pods.
func (c commandLine) nodesOf(t *testing.T, ctx context.Context, pods []string) (nodes []string) {
	t.Helper()
	for _, pod := range pods {
		nodes = append(nodes, c.kubectl(t, ctx, "get", "pod", pod, "-o", "jsonpath={.spec.nodeName}"))
	}
	return nodes
}

// letGo lets pods that wait go on.
func (c commandLine) letGo(t *testing.T, ctx context.Context, pods []string) {
	t.Helper()
	for _, pod := range pods {
		c.kubectl(t, ctx, "exec", pod, "--container", "job", "--", "touch", "/tmp/go")
	}
}

// letEachGo lets the pods of an execution, which run one at a time, go on until it has closed. The
// time between two of them may be too short to be seen.
func (c commandLine) letEachGo(t *testing.T, ctx context.Context, execution string) {
	t.Helper()
	within(t, ctx, soon, func() error {
		if c.of(t, ctx, execution, ".status.phase") == "Closed" {
			return nil
		}
		pods := c.podsOf(t, ctx, execution)
		if len(pods) > 1 {
			t.Fatalf("the pods %v of %s run, want one at a time", pods, execution)
		}
		errs := []error{fmt.Errorf("%s has not closed", execution)}
		for _, pod := range pods {
			_, err := c.tryKubectl(t, ctx, "exec", pod, "--container", "job", "--", "touch", "/tmp/go")
			errs = append(errs, err) // it may have ended
		}
		return errors.Join(errs...)
	})
}

// waitObserved waits until the status of an execution is about its newest spec, and returns which
// one that is.
func (c commandLine) waitObserved(t *testing.T, ctx context.Context, execution string) (generation string) {
	t.Helper()
	generation = c.of(t, ctx, execution, ".metadata.generation")
	c.kubectl(t, ctx, "wait", "execution/"+execution, "--for=jsonpath={.status.observedGeneration}="+generation, "--timeout=1m")
	return generation
}

// waitEventAbout waits until the user sees an event about an object, which says all of it.
func (c commandLine) waitEventAbout(t *testing.T, ctx context.Context, object, reason string, says ...string) {
	t.Helper()
	within(t, ctx, soon, func() error {
		text := c.kubectl(t, ctx, "get", "events", "--field-selector", "involvedObject.name="+object+",reason="+reason, "-o", "jsonpath={.items[*].message}")
		if text == "" {
			return fmt.Errorf("there is no event %s about %s", reason, object)
		}
		for _, part := range says {
			if !strings.Contains(text, part) {
				return fmt.Errorf("event %s about %s is %q, which does not say %q", reason, object, text, part)
			}
		}
		return nil
	})
}

// notAccepted waits until a definition is not accepted, and returns why.
func (c commandLine) notAccepted(t *testing.T, ctx context.Context, name string) string {
	t.Helper()
	c.kubectl(t, ctx, "wait", "ncj/"+name, "--for=condition=Accepted=False", "--timeout=1m")
	return c.kubectl(t, ctx, "get", "ncj", name, "-o", `jsonpath={range .status.conditions[?(@.type=="Accepted")]}{.reason}: {.message}{end}`)
}

// within retries for a time until there is no error.
func within(t *testing.T, ctx context.Context, period time.Duration, try func() error) {
	t.Helper()
	limited, cancel := context.WithTimeoutCause(ctx, period, fmt.Errorf("not within %s", period))
	defer cancel()
	eventually(t, limited, try)
}

// stays fails as soon as there is an error, within a time in which one would show.
func stays(t *testing.T, ctx context.Context, period time.Duration, check func() error) {
	t.Helper()
	end := time.Now().Add(period)
	within(t, ctx, period+soon, func() error {
		if err := check(); err != nil {
			t.Fatal(err)
		}
		if time.Now().Before(end) {
			return errors.New("it is not over yet")
		}
		return nil
	})
}
