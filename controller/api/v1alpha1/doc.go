// Package v1alpha1 is the API of the group batch-job-controller.io: NodeCronJob, a CronJob
// for nodes, and Execution, one firing of it. The field comments are what `kubectl
// explain` prints, and the markers are what the API server validates and defaults.
//
//	register.go      the group, its version, and AddToScheme
//	nodecronjob.go   NodeCronJob: what runs when, and on which nodes
//	callback.go      how the pods of a NodeCronJob report
//	metrics.go       what their results become
//	execution.go     Execution: the request, and how to steer it
//	nodes.go         which nodes take part in it
//	status.go        what became of it
//	account.go       the plan and the account: what makes it safe to crash
//	values.go        durations, names and the like, with what the API server checks of them
//	conditions.go    the conditions of both, and their reasons
//
// `make generate` writes the methods that copy them, in a file that begins with
// zz_generated, and the custom resource definitions in kustomize/crds. Package
// e2e/tools/crd does it, and tests the rules.
//
// It decides nothing: what the types mean is the business of other packages.
//
// +groupName=batch-job-controller.io
// +kubebuilder:object:generate=true
package v1alpha1
