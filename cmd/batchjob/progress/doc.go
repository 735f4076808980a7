// Package progress describes the progress of a controller's rollout and of its
// executions, and what holds them up. It makes no requests.
package progress
