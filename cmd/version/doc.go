// Package version says which version the programs are.
package version
