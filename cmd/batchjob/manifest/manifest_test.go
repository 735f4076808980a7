package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const good = `apiVersion: batch-job-controller.io/v1alpha1
kind: NodeCronJob
metadata: {name: new-check}
spec:
  cronExpression: "42 3 * * *"
  metrics: {prefix: new}
  template: {spec: {containers: [{name: check, image: example.com/check:1}]}}
`

func TestRead(t *testing.T) {
	const head = "apiVersion: batch-job-controller.io/v1alpha1\nkind: NodeCronJob\nmetadata: {name: new-check}\n"
	tests := map[string]struct {
		text      string
		namespace string   // of -n
		want      []string // the namespaces and names
		wantErr   []string
	}{
		"one":                       {text: good, want: []string{"/new-check"}},
		"one, for a namespace":      {text: good, namespace: "checks", want: []string{"checks/new-check"}},
		"several, and comments":     {text: "# first\n---\n" + good + "---\n" + strings.ReplaceAll(good, "new-check", "other, namespace: x"), want: []string{"/new-check", "x/other"}},
		"a List":                    {text: "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(good), "\n", "\n  ") + "\n", want: []string{"/new-check"}},
		"another namespace":         {text: strings.ReplaceAll(good, "new-check", "other, namespace: x"), namespace: "checks", wantErr: []string{`-f stdin: nodecronjob other: metadata.namespace "x": must be that of -n, "checks"`}},
		"none":                      {text: "# nothing\n", wantErr: []string{"-f stdin: has no object"}},
		"no YAML":                   {text: "a: [\n", wantErr: []string{"-f stdin: ", "yaml"}},
		"another kind":              {text: "apiVersion: v1\nkind: Pod\n", wantErr: []string{`kind Pod of apiVersion "v1": must be NodeCronJob of batch-job-controller.io/v1alpha1`}},
		"no name":                   {text: "apiVersion: batch-job-controller.io/v1alpha1\nkind: NodeCronJob\n", wantErr: []string{"a NodeCronJob has no metadata.name"}},
		"a value of another type":   {text: head + "spec: {podPoolSize: many}\n", wantErr: []string{"stdin:4: spec.podPoolSize: Invalid value: is a text: must be a whole number"}},
		"all that is wrong in both": {text: head + "spec: {cronExpression: often, podPoolsize: 3}\n---\n" + head + "spec: {timeZone: Mars/Base}\n", wantErr: []string{"stdin:4: spec.podPoolsize", "often", "stdin:9: spec.timeZone", "Mars/Base"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			read, err := Read("-", strings.NewReader(test.text), test.namespace, time.Now())
			if (err != nil) != (len(test.wantErr) > 0) {
				t.Fatalf("got %v", err)
			}
			for _, want := range test.wantErr {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %v", want, err)
				}
			}
			if err != nil {
				return
			}
			var got []string
			for _, m := range read {
				got = append(got, m.Namespace+"/"+m.Name)
			}
			if strings.Join(got, " ") != strings.Join(test.want, " ") {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Only what the file has is sent: server-side apply owns each field that is.
func TestWhatIsSent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "check.yaml")
	if err := os.WriteFile(file, []byte(good+"status: {observedGeneration: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := Read(file, nil, "", time.Now())
	if err != nil || len(read) != 1 {
		t.Fatalf("got %v, %v", read, err)
	}
	if err := read[0].SetNamespace("checks"); err != nil {
		t.Fatal(err)
	}
	want := `{"apiVersion":"batch-job-controller.io/v1alpha1","kind":"NodeCronJob","metadata":{"name":"new-check","namespace":"checks"},` +
		`"spec":{"cronExpression":"42 3 * * *","metrics":{"prefix":"new"},"template":{"spec":{"containers":[{"image":"example.com/check:1","name":"check"}]}}}}`
	if got := string(read[0].JSON); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.yaml"), nil, "", time.Now()); err == nil || !strings.HasPrefix(err.Error(), "-f: ") {
		t.Errorf("got %v of a file that there is not", err)
	}
}
