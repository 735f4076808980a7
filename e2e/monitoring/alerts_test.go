package monitoring

import (
	"os"
	"strings"
	"testing"
)

const (
	runbooks    = "../../docs/runbooks.md"
	runbooksURL = "https://github.com/batch-job-controller/batch-job-controller/blob/main/docs/runbooks.md#"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sections returns the text of each section of the runbooks.
func sections(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(runbooks)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		all[title] = body
	}
	return all
}

func TestEachAlertSaysWhatToDo(t *testing.T) {
	_, alerts, err := Rules()
	if err != nil {
		t.Fatal(err)
	}
	book := sections(t)
	for _, alert := range alerts {
		t.Run(alert.Alert, func(t *testing.T) {
			if severity := alert.Labels["severity"]; severity != "warning" && severity != "critical" {
				t.Errorf("severity is %q", severity)
			}
			for _, annotation := range []string{"summary", "description"} {
				if !strings.Contains(alert.Annotations[annotation], "{{ $labels.job }}") {
					t.Errorf("%s does not name the controller: %q", annotation, alert.Annotations[annotation])
				}
			}
			if want := runbooksURL + strings.ToLower(alert.Alert); alert.Annotations["runbook_url"] != want {
				t.Errorf("runbook_url is %q, want %q", alert.Annotations["runbook_url"], want)
			}
			body, ok := book[alert.Alert]
			if !ok {
				t.Fatalf("%s has no section of this name", runbooks)
			}
			for _, part := range []string{"**Means:**", "**Look:**", "**Do:**"} {
				if !strings.Contains(body, part) {
					t.Errorf("its section has no %s", part)
				}
			}
		})
		delete(book, alert.Alert)
	}
	for title := range book {
		if strings.HasPrefix(title, "BatchJob") {
			t.Errorf("%s has a section for an unknown alert: %s", runbooks, title)
		}
	}
}
