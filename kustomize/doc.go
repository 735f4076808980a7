// Package kustomize holds the overlays, one per environment, and what they
// share. They stand on the base in package manifests, which renders them.
package kustomize
