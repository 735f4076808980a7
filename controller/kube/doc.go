// Package kube is all access to the objects of the cluster: a client of what is
// used of the API, caches of the nodes, and of our Jobs and their pods, and the
// writer of events. It knows how an object is read, watched, trimmed and named in an event,
// and nothing of executions that are open, of leadership, or of what follows from
// what it shows.
package kube
