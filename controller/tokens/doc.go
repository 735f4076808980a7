// Package tokens creates and deletes the Secrets from which job pods get their callback
// tokens. It knows which Secret has the token of which node; package auth makes the
// tokens.
//
//	secrets.go  makes a Secret with the tokens of its nodes, and says which Secret has which
//	create.go   creates it when the first of its nodes needs it
//	delete.go   deletes the Secrets of closed executions
package tokens
