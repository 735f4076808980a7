// Package auth says who a client is: which node task a callback token speaks for,
// whose a service account token is, and which users may look at the reports.
//
//	callback.go     which node task a client may speak for, by its credential
//	podtoken.go     by the service account token of its pod
//	strangers.go    how many tokens of one address are reviewed
//	keyring.go      the callback key: makes and checks the tokens of node tasks
//	review.go       asks the API server who owns a service account token
//	viewer.go       asks the API server which users may look at the reports
//	cache.go        the API server's answers, kept for seconds
//	credentials.go  tells the credentials of callbacks from what only looks like them
//	issuers.go      who issues the cluster's service account tokens
//	impostor.go     how often the same denial is reported
//
// It knows the API server by the interfaces of one or two methods that each file
// declares. It must not know what a node task may send, how an execution goes on,
// or HTTP.
package auth
