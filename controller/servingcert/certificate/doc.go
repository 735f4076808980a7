// Package certificate creates certificates from an authority, names and a time, and
// decides when to renew them. It is pure: no client, no clock, no file. Its keys are
// ECDSA P-256.
package certificate
