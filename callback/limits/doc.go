// Package limits bounds requests: how many are in progress and in the queue, how large
// and how slow a body may be, and how often an address is denied. The numbers are those of
// callback.Limits.
//
// It knows node tasks and the limits of package execution. It must not know routes, gin
// or what a body contains, and it writes no response: package callback maps its errors
// to the statuses that the comments mention.
//
//	gate.go         how many requests are in progress, and how many wait
//	tasklimiter.go  the same for each node task
//	denials.go      slows an address down that sends wrong credentials: how many requests of it
//	                get the reason, and from then on 429
//	body.go         the body of a request: its size, its time, and reading it again
//	budget.go       how long the reads of a body may take
//	exceeded.go     the limit that an error is about
//
// The slots of a Gate are a golang.org/x/sync/semaphore, which does not bound its queue:
// Gate adds that. TaskLimiter has no counterpart there: it adds and forgets gates as
// node tasks come and go. Denials is not golang.org/x/time/rate: limiters for each
// address would have to be evicted one by one, while all windows of a second end
// together.
package limits
