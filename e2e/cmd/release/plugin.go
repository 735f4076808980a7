package main

import (
	"context"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

const (
	homepage   = "https://github.com/batch-job-controller/batch-job-controller"
	pluginName = "batchjob" // as in `kubectl batchjob`
)

// writePlugin writes the manifest by which krew installs the kubectl plugin.
func (r *release) writePlugin(context.Context) error {
	manifest := pluginManifest(r.version, r.programs)
	if manifest == nil {
		return nil
	}
	text, err := yaml.Marshal(manifest)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.output, pluginName+".yaml"), text, 0o644)
}

type object = map[string]any

// pluginManifest returns nil if the plugin was not built.
func pluginManifest(version string, programs []program) object {
	var platforms []object
	for _, p := range programs {
		if p.name != plugin {
			continue
		}
		platforms = append(platforms, object{
			"selector": object{"matchLabels": object{"os": p.os, "arch": p.arch}},
			"uri":      homepage + "/releases/download/" + version + "/" + p.archive,
			"sha256":   p.sum,
			"bin":      p.fileName(),
		})
	}
	if platforms == nil {
		return nil
	}
	return object{
		"apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
		"kind":       "Plugin",
		"metadata":   object{"name": pluginName},
		"spec": object{
			"version":          version,
			"homepage":         homepage,
			"shortDescription": "Run a Job on every node, and see what the nodes report",
			"description": "Runs, watches and reads the executions of batch-job-controller, which runs one\n" +
				"Job on every node of a cluster on a schedule and collects what the nodes report.\n",
			"platforms": platforms,
		},
	}
}
