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
// From the Secret to the listener and to the job pods, at the start of a process:
//
//  1. cmd/app calls New for each port whose tls is not off. The mode chooses the source,
//     newSecretSource or newSelfSigned.
//  2. Before the ports open, cmd/app calls Certificates.Load, until it succeeds
//     (starting.untilAnswered logs each error). Load
//     asks the source for a pair, which is a certificate with its key, and for the CA
//     bundle.
//  3. secretSource.load reads the Secret of another program. secretSource.parse refuses
//     a pair that has expired, that does not cover the host in callback URLs, or that
//     does not chain to ca.crt (verifyChain). ca.crt is the bundle; without it, clients
//     have to trust the issuer anyway.
//  4. Or selfSigned.load reads, creates or renews the authorities in their Secret
//     (selfSigned.authorities), which are the bundle. It issues a pair for the names of
//     the Service and the pod (selfSigned.names, certificate.Authority.Issue). The pair is
//     only in memory. Later loads keep it until it is due, or its names or its signer
//     change.
//  5. caBundle.publish adds the bundle to the ConfigMap that job pods mount.
//  6. Certificates.install makes the pair the current one. If the bundle has changed
//     since the pair before, Load installs that one again for bundleSettle: pods have to
//     know the new authority first.
//  7. Certificates.ServerConfig is the TLS configuration of httpserver.Server. It takes
//     the current pair at each handshake, so that a renewal needs no new listener.
//     Certificates.ClientConfig is that of a connection to another replica.
//  8. Certificates.CABundle returns the name of the ConfigMap, or nothing without a
//     bundle. When an execution opens, definition.Definition.settings freezes it in
//     execution.Settings. In each Job of the execution, jobspec.trustCA mounts the
//     ConfigMap into every container.
//
// From then on Certificates.Run calls Load every pollPeriod. If Load fails, the current
// pair stays, and report logs why.
//
// Package certificate, which is pure, decides what to issue and when. This package
// knows the Secrets, the ConfigMap and the Service of a port. It must not know
// executions, the Lease, the handlers of the ports, or package controller. Packages
// definition (settings) and jobspec (tls.go) decide what job pods get for TLS.
package servingcert
