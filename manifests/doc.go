// Package manifests holds the base: the objects every installation has. It
// renders the overlays of package kustomize, which stand on it, as `kubectl
// kustomize` would:
//
//	render.go     the options, and from them to YAML
//	check.go      what is wrong with them
//	components.go those that are not there anyway
//	own.go        the kustomization on top of the overlay that they stand for
//	files.go      all files, in memory
//
// It weighs 27 MB, and is not for the server.
package manifests
