// Package kube is all access to the objects of the cluster. It knows how an object is
// read, watched, trimmed and named in an event, and nothing of executions that are
// open, of leadership, or of what follows from what it shows.
//
//	client.go        what is used of the API
//	caches.go        the nodes, and our Jobs and their pods, as far as they are used
//	trim.go          ... with the fields that are kept
//	relist.go        ... listed again after minutes, because a watch may miss something
//	configmap.go     one ConfigMap, likewise
//	events.go        Kubernetes Events; announce.go: on a best-effort basis
//	subject.go       ... and what those of a node task are about
//	notstarted.go    ... of a controller that cannot start
//	callbackhost.go  what job pods connect to
//	inflight.go      how long a request without an answer may still be carried out
package kube
