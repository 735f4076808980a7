// Package kube has the access to objects of the cluster. It knows how to read, watch,
// trim and reference objects. It knows no open execution, no leader and no decision.
//
//	client.go        the used part of the API
//	caches.go        caches of the nodes, by name and UID, and of the controller's Jobs and pods
//	nodecronjobs.go  the cache of the NodeCronJobs
//	executions.go    the cache of the Executions, and whose spec has changed
//	trim.go          the fields of objects that the caches keep: another one that a
//	                 decision reads has to be kept here first, or it is always empty
//	relist.go        lists again after minutes, because a watch may miss an event
//	single.go        the caches of one ConfigMap and of one Secret
//	events.go        makes and writes Kubernetes Events: those of pods (Relay), and the
//	                 controller's own (Emit), with their reasons
//	announce.go      writes events on a best-effort basis
//	subject.go       the objects of events about node tasks
//	notstarted.go    events of a controller that cannot start
//	inflight.go      how long a request without a response may still be carried out
package kube
