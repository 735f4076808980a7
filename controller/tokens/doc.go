// Package tokens keeps the Secrets from which job pods take their callback tokens. It
// knows which Secret has the token of which node; what a token is made of, package
// route knows, and with which key, package auth.
//
//	secrets.go  which Secret has which tokens
//	create.go   a Secret is created when the first of its nodes needs it
//	delete.go   the Secrets of closed executions are deleted
package tokens
