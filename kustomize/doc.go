// Package kustomize holds the overlays, one per environment, the components
// that an overlay can list, and what they share. They stand on the base in
// package manifests, which renders them.
package kustomize
