package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The same values as in the Dockerfile.
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

// assembleAll returns the images of all programs, ordered by their processor.
func assembleAll(o options) ([]v1.Image, error) {
	byArchitecture := map[string]v1.Image{}
	for _, binary := range o.binaries {
		architecture, err := architectureOf(binary)
		if err != nil {
			return nil, err
		}
		if byArchitecture[architecture] != nil {
			return nil, fmt.Errorf("%s is the second program for %s: give one of each", binary, architecture)
		}
		if byArchitecture[architecture], err = assemble(o, binary, architecture); err != nil {
			return nil, err
		}
	}
	var images []v1.Image
	for _, architecture := range slices.Sorted(maps.Keys(byArchitecture)) {
		images = append(images, byArchitecture[architecture])
	}
	return images, nil
}

// assemble returns the image of a program. The image depends on the program and the
// options, and not on the time or the machine.
func assemble(o options, binary, architecture string) (v1.Image, error) {
	base, layerType := empty.Image, types.DockerLayer
	if o.format == ociFormat {
		base = mutate.ConfigMediaType(mutate.MediaType(base, types.OCIManifestSchema1), types.OCIConfigJSON)
		layerType = types.OCILayer
	}
	layer, err := newLayer(binary, layerType)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", architecture
	file.Created = v1.Time{Time: o.created}
	file.History = []v1.History{{Created: v1.Time{Time: o.created}, CreatedBy: "e2e/tools/image"}}
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

// epoch is the time of all files. So a layer depends only on its content, and a registry
// stores an unchanged layer once.
func epoch() time.Time { return time.Unix(0, 0).UTC() }
