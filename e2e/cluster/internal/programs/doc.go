// Package programs provides the programs of a cluster: those that it builds from Go modules, once
// for each version, and those of the distribution's packages.
//
//	build.go     builds the modules below e2e/tools into a cache
//	packages.go  finds programs of this machine, and installs the packages that it lacks
//	module.go    the root of this module, and the cache
//
// It starts none of them, and knows no cluster.
package programs
