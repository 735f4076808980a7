// Package deploy deploys the controller to a cluster as a user would, and observes it from
// outside: through the API server, and through the ports of its pod, which the API server
// forwards.
//
// The files, in the order of a deployment:
//
//	build.go      the program and its image
//	overlay.go    the differences from the base: manifests.Render
//	apply.go      server-side apply of every object
//	controller.go the deployed controller
//	wait.go       waits until it runs, or has ended
//	ask.go        HTTP to the ports of its pod, through tunnel.go
//	replicas.go   its pods, and the leader
//	objects.go    its pod, Jobs, events and logs
//	metrics.go    /metrics, parsed
//	execution.go  the executions, read and waited for
package deploy
