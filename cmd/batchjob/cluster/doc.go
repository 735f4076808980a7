// Package cluster reads what is in the cluster: an installed controller, its
// configuration, its pods and the records of its executions.
//
// It knows where a controller keeps what, and interprets it as the controller does. It
// does not know any command, and changes nothing: package install does.
//
//	cluster.go        the connection to the cluster of the kubeconfig
//	find.go           which controller the command line chooses; else which namespaces have controllers
//	installation.go   a controller that was found, and when it started
//	configuration.go  its environment and its configuration
//	rollout.go        its pods, and how far its rollout is
//	definitions.go    its NodeCronJobs
//	records.go        the records of its executions
//	ticks.go          when the next execution starts, as text
//	end.go            how to end an execution, as text
package cluster
