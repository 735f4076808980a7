package steer

import (
	"io"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

func TestCompletion(t *testing.T) {
	tests := map[string]struct {
		args    []string
		prepare func(*world)
		want    []string
		exclude []string
	}{
		"definitions to run":                   {args: []string{"run", ""}, want: []string{"disk-check\t42 3 * * *", "dns-check\t@hourly"}},
		"definitions that begin so":            {args: []string{"run", "di"}, want: []string{"disk-check"}, exclude: []string{"dns-check"}},
		"definitions of another namespace":     {args: []string{"run", "-n", "other", ""}, want: []string{"etcd-check"}, exclude: []string{"disk-check"}},
		"only one":                             {args: []string{"run", "disk-check", ""}, exclude: []string{"disk-check", "dns-check"}},
		"definitions to suspend":               {args: []string{"suspend", ""}, want: []string{"disk-check"}, exclude: []string{"dns-check"}},
		"definitions to unsuspend":             {args: []string{"unsuspend", ""}, want: []string{"dns-check"}, exclude: []string{"disk-check"}},
		"executions to pause":                  {args: []string{"pause", ""}, want: []string{"dns-check-x7k2p\tOpen, 0 bad"}, exclude: []string{"disk-check", "9wq4d"}},
		"executions to resume":                 {args: []string{"resume", ""}, exclude: []string{"check"}},
		"executions to repeat":                 {args: []string{"rerun", "disk-check-2026112803"}, want: []string{"disk-check-20261128034200\tClosed, 4 bad"}, exclude: []string{"dns-check", "1127"}},
		"definitions whose executions to list": {args: []string{"executions", ""}, want: []string{"disk-check"}},
		"nodes":                                {args: []string{"run", "disk-check", "--nodes", "worker-1,worker-2"}, want: []string{"worker-1,worker-2"}, exclude: []string{"worker-1,worker-3"}},
		"states":                               {args: []string{"rerun", "--states", "Failed,"}, want: []string{"Failed,Lost", "Failed,Skipped"}},
		"formats":                              {args: []string{"list", "-o", ""}, want: []string{"wide", "jsonpath", "yaml", "name"}},
		"dry runs":                             {args: []string{"run", "--dry-run="}, want: []string{"none", "server"}},
		"no names without the permission":      {args: []string{"run", ""}, prepare: func(w *world) { w.forbids("list", "nodecronjobs") }, exclude: []string{"check", "permission"}},
		"no nodes without the permission":      {args: []string{"run", "--nodes", ""}, prepare: func(w *world) { w.forbids("list", "nodes") }, exclude: []string{"worker", "permission"}},
	}
	t.Setenv("KUBECONFIG", kubeconfig(t))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if test.prepare != nil {
				test.prepare(w)
			}
			var out strings.Builder
			status := w.run(t.Context(), genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: io.Discard}, append([]string{"__complete"}, test.args...)...)
			if status != 0 {
				t.Errorf("got status %d", status)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in the completion:\n%s", want, out.String())
				}
			}
			for _, not := range test.exclude {
				if strings.Contains(out.String(), not) {
					t.Errorf("%q is in the completion:\n%s", not, out.String())
				}
			}
		})
	}
}
