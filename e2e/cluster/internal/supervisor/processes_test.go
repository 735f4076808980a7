package supervisor

import (
	"os"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
)

func TestAProcessIsRestartedUntilItsRetriesAreUsed(t *testing.T) {
	for name, tt := range map[string]struct {
		retries int
		want    string // of its log
	}{
		"never": {retries: 0, want: "run\n"},
		"twice": {retries: 2, want: "run\nrun\nrun\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			died := make(chan error, 1)
			p := &processes{
				spec: plan.Spec{Dir: dir, LogDir: dir}, spawner: newSpawner(), onDeath: func(err error) { died <- err },
				list: map[string]*process{"p": {Process: plan.Process{Name: "p", Argv: []string{"/bin/sh", "-c", "echo run; exit 3"}}, retries: tt.retries}},
			}
			if err := p.start("p"); err != nil {
				t.Fatal(err)
			}
			if err := <-died; err == nil || !strings.Contains(err.Error(), "p ended: exit status 3") {
				t.Errorf("got %v", err)
			}
			if log, err := os.ReadFile(p.spec.Log("p")); err != nil || string(log) != tt.want {
				t.Errorf("log: got %q, %v, want %q", log, err, tt.want)
			}
		})
	}
}
