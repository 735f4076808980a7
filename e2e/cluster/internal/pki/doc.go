// Package pki is a certificate authority for one short-lived cluster.
package pki
