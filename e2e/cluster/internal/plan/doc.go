// Package plan says what a cluster consists of: addresses, files, identities
// and the command line of every process. It is pure: it starts nothing and
// touches neither disk nor network.
package plan
