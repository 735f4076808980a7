package main

import (
	"maps"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// What the Dockerfile says too.
const (
	program = "/batch-job-controller"
	user    = "65532:65532"
	uid     = 65532
)

func ports() []string { return []string{"8080", "8090", "9152", "9153"} }

func ownLabels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "batch-job-controller",
		"org.opencontainers.image.description": "Runs one Job on every node on a schedule, and takes back what the pods report",
		"org.opencontainers.image.source":      "https://github.com/batch-job-controller/batch-job-controller",
		"org.opencontainers.image.licenses":    "Apache-2.0",
	}
}

// assemble returns the image. Nothing in it depends on when and where it is
// made.
func assemble(o options) (v1.Image, error) {
	architecture, err := architectureOf(o.binary)
	if err != nil {
		return nil, err
	}
	layer, err := newLayer(o.binary)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", architecture
	file.Created = v1.Time{Time: epoch()}
	file.History = []v1.History{{Created: v1.Time{Time: epoch()}, CreatedBy: "e2e/tools/image"}}
	file.Config = v1.Config{
		User:         user,
		Entrypoint:   []string{program},
		Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		WorkingDir:   "/",
		ExposedPorts: map[string]struct{}{},
		Labels:       ownLabels(),
	}
	maps.Copy(file.Config.Labels, o.labels)
	for _, port := range ports() {
		file.Config.ExposedPorts[port+"/tcp"] = struct{}{}
	}
	return mutate.ConfigFile(image, file)
}

func epoch() time.Time { return time.Unix(0, 0).UTC() }
