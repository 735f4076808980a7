// Package objects applies the objects of an installation to a cluster, and deletes
// them.
//
// It knows how objects of any kind are applied, compared and deleted, and which ones an
// installation consists of. It does not know what they are for, nor what a command prints
// about them.
//
//	client.go       objects of any kind, by server-side apply
//	decode.go       YAML documents
//	reference.go    the identity of an object
//	inventory.go    the list of installed objects, stored in the cluster
//	install.go      dry run, inventory, apply, prune
//	rejection.go    why the API server rejected objects
//	contains.go     whether an object is as it is wanted
//	diff.go         what install would change
//	uninstall.go    the controller first, then its objects, then the rest
//	made.go         the controller's objects
//	definitions.go  the custom resource definitions, and who uses them
package objects
