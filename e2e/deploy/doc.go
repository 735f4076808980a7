// Package deploy puts the controller on a cluster the way a user would, and
// looks at it from outside: through the API server, and through the ports of
// its pod, forwarded by the API server.
//
// The way of one deployment:
//
//	build.go      the program, and the image around it
//	overlay.go    what differs from the base: manifests.Render
//	apply.go      server-side apply of every object
//	controller.go what was deployed
//	wait.go       until it runs, or has ended
//	ask.go        HTTP to the ports of its pod, by way of tunnel.go
//	replicas.go   its pods, and which of them leads
//	objects.go    its pod and what it made: Jobs, events, logs
//	metrics.go    /metrics, parsed
//	execution.go  the execution records, read and waited for
package deploy
