// Package manifests holds the base: the objects every installation has. It
// renders the overlays of package kustomize, which stand on it, as `kubectl
// kustomize` would.
//
// It weighs 27 MB, and is not for the server.
package manifests
