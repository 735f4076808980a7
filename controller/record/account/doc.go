// Package account converts the account of an execution to and from the status of its Execution,
// and says which schema version that is.
//
//	account.go  the account, and what is wrong with one that was edited
//	outcomes.go its outcomes, and the bound on their number
//	counts.go   the nodes by state
//
// It is pure: package record reads and writes the status.
package account
