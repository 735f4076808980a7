// Package web serves the reports over HTTP: a list of the executions, a list
// of the files of each, and the files, at the paths /<executionID>/<file> and
// /latest/<file>. It reads a file system and knows nothing of what is in the
// files, which pods have written and browsers must not trust.
package web
