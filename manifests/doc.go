// Package manifests contains the base: the objects of every installation. It renders
// the base and the overlays of package kustomize as `kubectl kustomize` does:
//
//	render.go      the options, and the rendered YAML
//	check.go       validates the options
//	components.go  the requested components that the overlay lacks
//	own.go         the generated kustomization with the options, on top of the overlay
//	files.go       all files, in memory
//
// Its dependencies add 27 MB to a program: the server must not import it.
package manifests
