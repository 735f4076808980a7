package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// testOverlay is only for the tests of this project.
const testOverlay = "e2e"

// renderManifests renders each overlay to one file for kubectl apply, with the digest of
// the image.
func (r *release) renderManifests(context.Context) error {
	overlays, err := manifests.Overlays()
	if err != nil {
		return err
	}
	var errs []error
	for _, overlay := range overlays {
		if overlay == testOverlay {
			continue
		}
		text, err := renderInstall(overlay, r.reference)
		if err == nil {
			err = os.WriteFile(filepath.Join(r.output, "install-"+overlay+".yaml"), text, 0o644)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// renderInstall renders an overlay. It rejects an overlay with an image that only this
// machine has.
func renderInstall(overlay, reference string) ([]byte, error) {
	text, err := manifests.Render(manifests.Options{Overlay: overlay, Image: reference})
	if err != nil {
		return nil, err
	}
	if at := strings.Index(string(text), "image: localhost/"); at >= 0 {
		image, _, _ := strings.Cut(string(text[at:]), "\n")
		return nil, fmt.Errorf("overlay %s: %s: only the tests have that image", overlay, image)
	}
	return text, nil
}
