// Package manifest reads manifests: which ConfigMap has a configuration, what is deployed
// with it, which NodeCronJobs there are, and on which line a value is.
//
//	manifest.go Manifest: the objects of a text
//	node.go     entries of YAML nodes, and the lines of text within them
//	locate.go   the line of a path
//
// It does not know what a configuration means: package validate checks it.
package manifest
