// Package schema says of what kinds the values of a configuration are: how a value is read
// and checked, and how documentation and a JSON schema describe it.
//
//	value.go     Value and Key; texts, words, numbers, sizes, durations, mappings of keys
//	mappings.go  mappings by names that people choose, and free-form ones
//	rules.go     rules for texts: names, labels, regular expressions
//	narrow.go    some of the keys of a mapping
//	findings.go  collects warnings and problems; Problems: all of them, as an error
//
// The values are those of package document, whether from a text or from a custom resource.
//
// It must not know which keys there are: package config declares these.
package schema
