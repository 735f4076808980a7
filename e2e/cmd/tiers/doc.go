// Command tiers runs all test tiers that this machine supports, one after the other, and
// lists the others with the reason. The names of tiers as arguments select tiers.
package main
