package cluster

import (
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/image"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/programs"
)

// CurlImage has a shell, the usual small tools and curl. Every real node has it.
const CurlImage = "localhost/curl:1"

// writeImages writes an archive of the images that every node has.
func writeImages(path string) error {
	busybox, err := image.Busybox()
	if err != nil {
		return err
	}
	curlPath, err := programs.Find("curl")
	if err != nil {
		return err
	}
	curl, err := image.Program(curlPath)
	if err != nil {
		return fmt.Errorf("curl image: %w", err)
	}
	tools := append(append(image.Base(), busybox...), curl...)
	return image.Write(path,
		image.Image{Name: plan.PauseImage, Entrypoint: []string{"/bin/busybox", "sleep", "infinity"}, Files: busybox},
		image.Image{
			Name: CurlImage, Cmd: []string{"/bin/sh"}, Files: tools,
			Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		},
	)
}
