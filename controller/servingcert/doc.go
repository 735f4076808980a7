// Package servingcert keeps the certificates of the ports that are served with
// TLS: it takes them from a Secret that another program fills, or makes them
// with an authority that all replicas share through a Secret, renews them
// without a restart, and publishes the authorities that clients are to trust in
// a ConfigMap, before a client is shown a certificate that needs them.
//
// What to make and when is decided in its package certificate, which is pure.
// It knows those Secrets, the ConfigMap and the Service by which a port is
// reached. It must not know executions, the Lease, the handlers behind the
// ports, nor package controller: what job pods are told about TLS is decided in
// packages definition (settings) and jobspec (tls.go).
package servingcert
