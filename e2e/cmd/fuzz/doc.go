// Command fuzz runs each fuzz target of the packages that it is given for a
// while. What it finds is left in the testdata of the package, as a seed.
package main
