// Package clustertest plays an API server for tests of what reads an installation.
package clustertest
