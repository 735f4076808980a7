// Command demo shows what the controller does: it starts a local cluster of
// three nodes, deploys kustomize/overlays/demo, runs one execution and prints
// what the nodes reported and where to look. The cluster stays up.
package main
