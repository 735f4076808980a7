// Package web serves the reports over HTTP: a list of the executions, a list of the
// files of each, and the files at the paths /<executionID>/<file> and /latest/<file>.
// It reads a file system and does not interpret the files, which come from pods:
// browsers must not trust them.
package web
