// Package kustomize contains the overlays, one for each environment, the components
// that an overlay can list, and their transformers. Package manifests contains their
// base, and renders them.
package kustomize
