// Package version returns the version of the programs.
package version
