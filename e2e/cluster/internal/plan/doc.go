// Package plan computes the parts of a cluster: addresses, files, identities and the command
// line of every process. It is pure: it starts nothing, and uses neither the disk nor the
// network.
package plan
