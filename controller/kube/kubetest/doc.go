// Package kubetest is what tests use as a cluster in memory.
package kubetest
