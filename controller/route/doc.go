// Package route owns the callback paths and their tokens: the server registers the
// paths, and the URLs in pods are built here, so that the two cannot drift apart.
//
//	route.go       the paths and the URLs
//	host.go        the name of the callback Service
//	token.go       the token of a node task
//	jwt.go         the claims of a service account token
//	credential.go  finds what looks like a token, a password or a JWT in a text
//	redact.go      Redactor: the list of finders, Prover, redaction in texts and streams
package route
