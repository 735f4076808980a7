//go:build e2e

package monitoring

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// lacking skips a test on a machine that has no promtool and cannot download it.
func lacking(t *testing.T) (promtool string) {
	t.Helper()
	promtool, err := Promtool(t.Context())
	if err != nil {
		t.Skipf("this machine lacks: %v", err)
	}
	return promtool
}

func check(t *testing.T, promtool string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %q: %v\n%s", args, err, out)
	}
}

// Each alert fires when it should, with the right annotations, and only then: testdata has
// the series and the expected alerts.
func TestAlertsFireWhenTheyShould(t *testing.T) {
	promtool := lacking(t)
	rules, _, err := Rules()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "rules.yaml"), string(rules))
	for _, path := range cases {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, filepath.Base(path)), string(text))
		t.Run(filepath.Base(path), func(t *testing.T) {
			check(t, promtool, "test", "rules", filepath.Join(dir, filepath.Base(path)))
		})
	}
}

// Each alert needs a case in which it fires, and a case in which it does not.
func TestEachAlertHasCasesForBoth(t *testing.T) {
	_, alerts, err := Rules()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, path := range cases {
		var file struct {
			Tests []struct {
				Cases []struct {
					Alert    string `json:"alertname"`
					Expected []any  `json:"exp_alerts"`
				} `json:"alert_rule_test"`
			} `json:"tests"`
		}
		text, err := os.ReadFile(path)
		if err == nil {
			err = yaml.Unmarshal(text, &file)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range file.Tests {
			for _, c := range test.Cases {
				if len(c.Expected) > 0 {
					fires[c.Alert] = true
				} else {
					quiet[c.Alert] = true
				}
			}
		}
	}
	for _, alert := range alerts {
		if !fires[alert.Alert] || !quiet[alert.Alert] {
			t.Errorf("%s: a case in which it fires: %t, one in which it does not: %t", alert.Alert, fires[alert.Alert], quiet[alert.Alert])
		}
	}
}

// An expression with a mistake shows as an empty panel.
func TestPanelsAreValid(t *testing.T) {
	promtool := lacking(t)
	panels, err := Panels()
	if err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$__rate_interval", "5m", "$namespace", "any", "$job", "any", "$nodecronjob", "any")
	var rules []map[string]string
	for title, exprs := range panels {
		for i, expr := range exprs {
			expr = variables.Replace(expr)
			if strings.Contains(expr, "$") {
				t.Errorf("%s: an unknown variable: %s", title, expr)
			}
			name := strings.Map(func(r rune) rune {
				if (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') {
					return r
				}
				return '_'
			}, title)
			rules = append(rules, map[string]string{"record": fmt.Sprintf("%s_%d", name, i), "expr": expr})
		}
	}
	slices.SortFunc(rules, func(a, b map[string]string) int { return strings.Compare(a["record"], b["record"]) })
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "panels", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "panels.yaml")
	write(t, file, string(text))
	check(t, promtool, "check", "rules", file)
}
