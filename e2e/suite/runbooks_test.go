//go:build e2e

package suite

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// The commands of docs/runbooks.md have to work in an emergency: the test runs all of them,
// after an execution in which a node failed.
func TestTheCommandsOfTheRunbooksWork(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	namespace := newNamespace(t, "runbooks")
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   namespace,
		Config:      configuration(t, "runbooks", object{"callbackServiceName": "batch-job-controller"}),
		PodTemplate: podTemplate(reportScript + "echo last words; [ $NODE_NAME != " + env.nodes[0] + " ]"),
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, e, env.nodes[0], execution.Failed, execution.ContainerFailed)

	commands := runbookCommands(t)
	shell := newShell(t)
	fill := strings.NewReplacer("<namespace>", namespace, "<execution>", string(e.ID), "<node>", env.nodes[0])
	var last []string
	for _, command := range commands {
		filled := fill.Replace(command)
		switch {
		case strings.HasPrefix(command, "kubectl port-forward"):
			shell.forward(t, ctx, filled)
		case strings.HasPrefix(command, "kubectl rollout"):
			last = append(last, filled) // it deletes what other commands show
		default:
			shell.check(t, ctx, filled, strings.Contains(command, "<node>"))
		}
	}
	for _, command := range last {
		shell.check(t, ctx, command, true)
	}
}

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// runbookCommands returns the commands in order, each once.
func runbookCommands(t *testing.T) (commands []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"": true}
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if line = strings.TrimSpace(line); !seen[line] && line[0] != '#' {
				seen[line], commands = true, append(commands, line)
			}
		}
	}
	if len(commands) < 10 {
		t.Fatalf("only %d commands are found", len(commands))
	}
	return commands
}

// shell is the shell of an operator: it has kubectl, and a kubeconfig that commands may change.
type shell struct {
	env   []string
	ports *strings.Replacer // replaces the ports of the runbooks by the forwarded ones
}

func newShell(t *testing.T) *shell {
	t.Helper()
	program, err := exec.LookPath(env.provider.Kubectl())
	if err != nil {
		t.Skipf("this machine lacks kubectl: %v", err)
	}
	dir := t.TempDir()
	kubeconfig, err := os.ReadFile(env.provider.Kubeconfig())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "kubeconfig"), kubeconfig, 0o600)
	}
	if err == nil {
		err = os.Symlink(program, filepath.Join(dir, "kubectl"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return &shell{
		env:   append(os.Environ(), "KUBECONFIG="+filepath.Join(dir, "kubeconfig"), "PATH="+dir+":"+os.Getenv("PATH")),
		ports: strings.NewReplacer(),
	}
}

func (s *shell) command(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-c", text)
	cmd.Env = s.env
	return cmd
}

// check runs a command. If finds is false, the filter at its end may find nothing.
func (s *shell) check(t *testing.T, ctx context.Context, text string, finds bool) {
	t.Helper()
	text = s.ports.Replace(text)
	source, _, _ := strings.Cut(text, " | ")
	cmd := s.command(ctx, source)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	switch {
	case err != nil:
		t.Errorf("%s: %v: %s", source, err, failure.String())
	case finds && len(out) == 0:
		t.Errorf("%s: the filter finds nothing: %s", source, failure.String())
	}
	if source == text {
		return
	}
	// The status 1 of grep means no match, and higher ones an error.
	cmd = s.command(ctx, text)
	if out, err := cmd.CombinedOutput(); err != nil && cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%s: %v: %s", text, err, out)
	}
}

var forwarding = regexp.MustCompile(`^Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)`)

// forward forwards from unused ports of this machine.
func (s *shell) forward(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	words := strings.Fields(text)
	ports := 0
	for i, word := range words {
		if regexp.MustCompile(`^\d+$`).MatchString(word) {
			words[i], ports = ":"+word, ports+1
		}
	}
	cmd := s.command(ctx, "exec "+strings.Join(words, " ")+" --address 127.0.0.1")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var pairs []string
	for lines := bufio.NewScanner(out); len(pairs) < 2*ports; {
		if !lines.Scan() {
			t.Fatalf("%s: it ended: %v", text, lines.Err())
		}
		if match := forwarding.FindStringSubmatch(lines.Text()); match != nil {
			pairs = append(pairs, fmt.Sprintf("127.0.0.1:%s/", match[2]), fmt.Sprintf("127.0.0.1:%s/", match[1]))
		}
	}
	s.ports = strings.NewReplacer(pairs...)
}
