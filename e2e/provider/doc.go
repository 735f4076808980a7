// Package provider provides the cluster for the tests and the demo. The environment
// variable E2E_PROVIDER selects one of three providers:
//
//	builtin     the default: the cluster of package cluster. Needs Linux and root.
//	kind        a kind cluster. Needs the commands kind and docker.
//	kubeconfig  the cluster of $KUBECONFIG. E2E_IMAGE and E2E_JOB_IMAGE name
//	            images that its nodes have or can pull.
//
// The file capabilities.go has what only some providers can do, such as to cut a node off.
//
// E2E_CLUSTER names a cluster of builtin or kind. If the cluster runs already, it is used,
// and in any case it is left running.
package provider
