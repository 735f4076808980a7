// Package document turns a YAML text that a person wrote into values, and says what is
// wrong with it, as far as that can be said without knowing its keys.
//
//	read.go        Read: text to values, all duplicate keys at once
//	bounds.go      one document only, whose aliases stay small
//	kind.go        what a value is, and how a message shows it
//	unknownkey.go  which key was probably meant
//
// It must not know a key, a default or a bound of a configuration: package config
// declares these.
package document
