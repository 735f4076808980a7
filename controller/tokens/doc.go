// Package tokens creates and deletes the Secrets from which job pods get their callback
// tokens. It knows which Secret has the token of which node; package auth makes the
// tokens.
//
//	secrets.go  which Secret has which tokens
//	create.go   creates a Secret when the first of its nodes needs it
//	delete.go   deletes the Secrets of closed executions
package tokens
