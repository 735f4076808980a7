// Package objects brings the objects of an installation onto a cluster, and
// takes them away again.
//
//	client.go     any kind of object, by server-side apply
//	decode.go     from YAML documents
//	reference.go  which object
//	inventory.go  what was installed, kept in the cluster
//	install.go    rehearse, take down, apply, prune
//	refusal.go    why the API server did not take objects
//	diff.go       what installing would change
//	uninstall.go  the controller first, then what it made, then the rest
package objects
