// Package backoff has the pauses between the tries of a step that fails. They double from
// a first to a last one, and differ a little from replica to replica, so that replicas
// that failed at the same time do not retry at the same time. Node tasks have other pauses:
// see run/run.go.
package backoff
