// Command fuzz runs each fuzz target of the given packages for a while. It leaves a failing
// input in the testdata of the package, as a seed.
package main
