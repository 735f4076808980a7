// Command tiers runs all tiers of tests that this machine can run, one after
// the other, and names those that it cannot run and why. With the names of
// tiers as arguments it runs those.
package main
