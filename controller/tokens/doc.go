// Package tokens keeps the Secrets from which job pods take their callback tokens. It
// knows which Secret has the token of which node; what a token is made of, package
// route knows, and with which key, package auth.
package tokens
