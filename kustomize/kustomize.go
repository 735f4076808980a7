package kustomize

import (
	"embed"
	"io/fs"
)

//go:embed components crds overlays transformers
var files embed.FS

// Files returns the files of this directory.
func Files() fs.FS { return files }
