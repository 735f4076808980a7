// Package certificate creates certificates from an authority, names and a time, and
// decides when to renew them. It is pure: no client, no clock, no file. Its keys are
// ECDSA P-256.
//
//	authority.go  an authority, and the certificates it issues
//	pair.go       certificates, keys and bundles as PEM
//	renewal.go    when any of these certificates is renewed, and which authority signs
package certificate
