// Package jobspec turns a node task into its Job and reads a Job back into
// its key. It is pure, and the one place for every label, annotation and
// environment variable the controller writes into the cluster.
//
//	decode.go      the pod template becomes a pod; misfit.go: what is wrong if it does not
//	evaluate.go    it is executed; functions.go: with these functions; bounds.go: within so many steps
//	render.go      the Job of a node
//	labels.go      its names, labels and annotations
//	env.go         the environment of its containers; proxy.go: NO_PROXY
//	credential.go  what pods authenticate with; tls.go: which authorities they trust
//	restart.go     policies of containers that would run work twice
//	grace.go       how long a pod may take to end; ran.go: how long it ran, as an annotation
//	podspecs.go    what the template comes to on each node, for the selection of nodes
//	validate.go    the template is tried on a sample node; trace.go: and shown
package jobspec
