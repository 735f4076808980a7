// Package kustomize holds the overlays, one per environment, and what they
// share. They stand on the base in package manifests, which renders them.
package kustomize

import (
	"embed"
	"io/fs"
)

//go:embed overlays transformers
var files embed.FS

// Files returns the files of this directory.
func Files() fs.FS { return files }
