// Package certificate makes certificates from an authority, names and a time,
// and says when each is to be renewed. It is pure: no client, no clock, no
// file. What it makes is ECDSA P-256.
package certificate
