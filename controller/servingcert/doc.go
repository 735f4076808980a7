// Package servingcert keeps the certificates of the TLS ports. It reads them from a
// Secret that another program writes, or issues them with an authority that all
// replicas share through a Secret. It renews them without a restart, and publishes the
// CA bundle in a ConfigMap before it presents a certificate that needs it.
//
//	certificates.go  Certificates: the current one of a port, loaded again every minute
//	secretsource.go  from the Secret of another program
//	selfsigned.go    issued by the controller's own authority
//	cabundle.go      the ConfigMap with the authorities that clients trust
//
// Package certificate, which is pure, decides what to issue and when. This package
// knows the Secrets, the ConfigMap and the Service of a port. It must not know
// executions, the Lease, the handlers of the ports, or package controller. Packages
// definition (settings) and jobspec (tls.go) decide what job pods are told about TLS.
package servingcert
