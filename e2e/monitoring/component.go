package monitoring

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"

	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/kustomize"
)

const component = "components/monitoring/"

// Alert is one of the alerts of the component.
type Alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// Rules returns the rules in the format of Prometheus without its operator, and their
// alerts.
func Rules() (file []byte, alerts []Alert, err error) {
	var rule struct {
		Spec json.RawMessage `json:"spec"`
	}
	text, err := fs.ReadFile(kustomize.Files(), component+"prometheus-rule.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &rule)
	}
	var spec struct {
		Groups []struct {
			Rules []Alert `json:"rules"`
		} `json:"groups"`
	}
	if err == nil {
		err = json.Unmarshal(rule.Spec, &spec)
	}
	if err == nil {
		file, err = yaml.JSONToYAML(rule.Spec)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("rules: %w", err)
	}
	for _, group := range spec.Groups {
		alerts = append(alerts, group.Rules...)
	}
	return file, alerts, nil
}

// labelValues matches the query of a dashboard variable for the values of a label.
var labelValues = regexp.MustCompile(`^label_values\((.*), \w+\)$`)

// Panels returns the expressions of the dashboard, by the title of the panel or
// the name of the variable.
func Panels() (map[string][]string, error) {
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Definition string }
		}
	}
	text, err := fs.ReadFile(kustomize.Files(), component+"batch-job-controller.json")
	if err == nil {
		err = json.Unmarshal(text, &dashboard)
	}
	if err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	all := map[string][]string{}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			all[panel.Title] = append(all[panel.Title], target.Expr)
		}
	}
	for _, variable := range dashboard.Templating.List {
		if match := labelValues.FindStringSubmatch(variable.Definition); match != nil {
			all[variable.Name] = []string{match[1]}
		}
	}
	return all, nil
}

// Expressions returns the expressions of all alerts and panels, by their location.
func Expressions() (map[string][]string, error) {
	all, err := Panels()
	if err != nil {
		return nil, err
	}
	_, alerts, err := Rules()
	if err != nil {
		return nil, err
	}
	for _, a := range alerts {
		all[a.Alert] = []string{a.Expr}
	}
	return all, nil
}
