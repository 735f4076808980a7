package rig

import (
	"fmt"
	"maps"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

const configMapName = "config"

// Name is the name of the controller on every site.
const Name = "check"

// Config is the configuration of a site's controller.
type Config struct {
	Pool   int
	RunFor time.Duration // of each pod
	// Quiet limits the audit to Jobs and pods: each watch is a load on the API server.
	Quiet bool
	// PodSpec has additional lines for the pod template's spec.
	PodSpec string
	// Keys are additional keys of config.yaml, which take precedence.
	Keys map[string]any
}

// ConfigData returns the data of the controller's ConfigMap.
func (s *Site) ConfigData() map[string]string {
	s.tb.Helper()
	keys := map[string]any{
		"name":                  Name,
		"cronExpression":        "0 0 29 2 *", // never during a test, except on one of 1461 days
		"runOnStartup":          true,
		"startupDelay":          "0s",
		"podPoolSize":           s.Config.Pool,
		"jobNodeSelector":       s.NodeSelector(),
		"reportDirectory":       s.ReportDir,
		"callbackServicePort":   s.ports.callback,
		"callbackServiceName":   Name,
		"runOnUnscheduledNodes": false,
		"metrics": map[string]any{
			"prefix": "site",
			"gauges": map[string]any{"temperature": map[string]any{"help": "How warm it is.", "labels": []string{"sensor"}}},
		},
	}
	maps.Copy(keys, s.Config.Keys)
	text, err := yaml.Marshal(keys)
	if err != nil {
		s.tb.Fatal(err)
	}
	return map[string]string{
		config.ConfigKey:      string(text),
		config.PodTemplateKey: s.Config.podTemplate(),
	}
}

func (c Config) podTemplate() string {
	return fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata:
  annotations:
    %s: %s
spec:
  containers:
  - name: check
    image: localhost/check
%s`, cluster.RunForAnnotation, c.RunFor, c.PodSpec)
}
