// Package provider gives tests and the demo a cluster to run on, by one of
// three ways. The environment variable E2E_PROVIDER chooses:
//
//	builtin     (or nothing) a cluster of this project's own, see package
//	            cluster. Needs Linux and root.
//	kind        a cluster of kind's. Needs the commands kind and docker.
//	kubeconfig  the cluster of $KUBECONFIG. E2E_IMAGE and E2E_JOB_IMAGE name
//	            images that its nodes can pull or have.
//
// E2E_CLUSTER names a cluster of builtin or kind that may be running already:
// then it is used, and left running.
package provider
