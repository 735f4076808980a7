// Package lock has locks between processes, which end with the process that holds them.
package lock
