// Package auth authenticates clients: it finds the node task of a callback token and
// the user of a service account token, and authorizes users to read reports.
//
//	callback.go     whose a credential is, and whether that is the claimed node task
//	podtoken.go     has a pod's service account token reviewed, and gathers what
//	                plan.AuthorizePod decides by
//	reviewlimit.go  how many service account tokens of an address are reviewed, and how many at
//	                once (plan.Reviews); denied requests of any kind: package callback/limits
//	keyring.go      the callback key: derives and verifies tokens of node tasks, by
//	                route.Keyring (version v1 of the tokens)
//	keepkey.go      watches the Secret of the key, and creates it again when it is gone
//	review.go       TokenReviews
//	viewer.go       SubjectAccessReviews for reports
//	cache.go        the API server's responses, cached for seconds
//	credentials.go  proves what the finders of package route found, for redaction
//	issuers.go      the issuers of the cluster's service account tokens
//	noticepause.go  for how long the same denial is not reported again
//	notices.go      events about denials
//
// It knows the API server by interfaces of one or two methods, which each file
// declares. It must not know the contents of callbacks, the state of executions, or
// HTTP.
package auth
