// Package backoff spaces out the tries of a step that fails: the pause between them
// doubles from a first to a last one, and differs a little from replica to replica,
// so that those that failed together do not come back together.
package backoff
