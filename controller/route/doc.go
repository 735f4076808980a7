// Package route owns the callback paths and the tokens in them: the server registers
// the paths, and the code that writes URLs into pods builds them here, so that the two
// cannot drift apart.
//
//	route.go       the paths, and the URLs
//	host.go        the name of the callback Service
//	token.go       the token of a node task: how it is made, and read
//	jwt.go         what a service account token says of itself
//	credential.go  finds what looks like a token, a password or a JWT in a text
//	redact.go      covers what of it is a credential of this controller, also in streams
package route
