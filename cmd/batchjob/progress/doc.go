// Package progress says how far things are, and why no further: the rollout of
// a controller, and its executions. It looks at objects that others have read.
package progress
