// Package jobspec turns a node task into its Job and reads a Job back into
// its key. It is pure, and the one place for every label, annotation and
// environment variable the controller writes into the cluster.
package jobspec
