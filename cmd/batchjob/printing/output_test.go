package printing

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// outputOf returns the output of a command line.
func outputOf(t *testing.T, args ...string) *Output {
	t.Helper()
	cmd := &cobra.Command{}
	o := NewOutput(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestPrintChanged(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"its name, and what was done": {want: "execution.batch-job-controller.io/dns-check-x7k2p paused\n"},
		"the name alone":              {args: []string{"-o", "name"}, want: "execution.batch-job-controller.io/dns-check-x7k2p\n"},
		"a field":                     {args: []string{"-o", "jsonpath={.kind} of {.spec.nodeCronJobName}"}, want: "Execution of dns-check"},
		"a table": {
			args: []string{"-o", "wide", "--no-headers"},
			want: "dns-check-x7k2p   dns-check   Manual   Open   12    4     2     3     5m0s   6m    bob@example.com   new resolver\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := outputOf(t, test.args...)
			if err := o.Check(); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := o.PrintChanged(&out, noon, execution(), "paused"); err != nil {
				t.Fatal(err)
			}
			if out.String() != test.want {
				t.Errorf("got %q, want %q", out.String(), test.want)
			}
		})
	}
}

func TestList(t *testing.T) {
	tests := map[string]struct {
		args      []string
		objects   []runtime.Object
		want      []string
		wantTable bool
	}{
		"a table":             {objects: []runtime.Object{definition()}, want: []string{"NAME", "SCHEDULE", "disk-check   42 3 * * *"}, wantTable: true},
		"an empty list":       {args: []string{"-o", "yaml"}, want: []string{"items: []", "kind: List"}},
		"a list":              {args: []string{"-o", "yaml"}, objects: []runtime.Object{definition()}, want: []string{"kind: List", "kind: NodeCronJob", "apiVersion: batch-job-controller.io/"}},
		"names, one per line": {args: []string{"-o", "name"}, objects: []runtime.Object{definition(), execution()}, want: []string{"nodecronjob.batch-job-controller.io/disk-check\nexecution.batch-job-controller.io/dns-check-x7k2p\n"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			list, err := outputOf(t, test.args...).List(&out, func() time.Time { return noon })
			if err != nil {
				t.Fatal(err)
			}
			if err := list.All(test.objects); err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in\n%s", want, out.String())
				}
			}
			if got := list.IsTable(); got != test.wantTable {
				t.Errorf("a table: got %t, want %t", got, test.wantTable)
			}
		})
	}
}

func TestAFormatThatThereIsNot(t *testing.T) {
	err := outputOf(t, "-o", "xml").Check()
	if err == nil || !strings.HasPrefix(err.Error(), "-o xml: must be one of ") || !strings.Contains(err.Error(), "wide") {
		t.Errorf("got %v", err)
	}
}

// Texts are not in the way of a script that reads objects.
func TestTextsBesideObjects(t *testing.T) {
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	for _, test := range []struct {
		args []string
		want io.Writer
	}{{nil, out}, {[]string{"-o", "name"}, errOut}, {[]string{"--template={{.}}"}, errOut}} {
		if got := outputOf(t, test.args...).Beside(streams); got != test.want {
			t.Errorf("%q: the texts are on the other stream", test.args)
		}
	}
}
