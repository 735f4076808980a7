// Package jobspec renders the Job of a node task, and reads the key of a Job. It is
// pure, and the one place for the labels, annotations and environment variables that the
// controller writes into the cluster.
//
//	template.go    the pod template of a definition, which has one of two forms: a text,
//	               which package podtext renders, and a structure
//	unreplaced.go  the structure: what a text would replace, and nothing replaces in it
//	render.go      the Job of a node, pinned to it, with the tolerations that package plan found,
//	               and its own deadline, for the time without a leader (backstop)
//	names.go       the names of Jobs, Executions, token Secrets, the Lease, state and CA bundle
//	labels.go      the keys of labels and annotations, which render.go sets
//	containers.go  all containers of a pod, for changing them
//	env.go         the environment of its containers; proxy.go: adds the
//	               callback Service to NO_PROXY
//	credential.go  how pods authenticate; tls.go: which authorities they trust
//	restart.go     restart policies of containers that would run work twice
//	grace.go       a grace period as a duration, and the longest of an execution
//	stop.go        how a Job is stopped; ran.go: when its work ran, as an annotation
//	podspecs.go    the pod template rendered for each node, for the selection of nodes
//	validate.go    validates a template: a text with the sample node of package podtext
package jobspec
