// Command tiers runs all tiers of tests that this machine can run, one after
// the other, and names those that it cannot run and why.
package main
