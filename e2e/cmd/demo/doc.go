// Command demo shows what the controller does: it starts a local cluster of
// three nodes, deploys kustomize/overlays/demo, runs one execution and prints
// what the nodes reported, runs a second definition that fails on one node, and prints where
// to look and what to do. The cluster stays up.
package main
