// Package web serves the reports over HTTP: a list of the executions, a list of the
// files of each, and the files at the paths /<executionID>/<file> and /latest/<file>.
// It reads a file system and does not interpret the files, which come from pods:
// browsers must not trust them.
//
//	handler.go  NewHandler: the routes, from a path to a page or a file, or an error. If
//	            another replica leads, a request is forwarded to it first (Options.Elsewhere)
//	pages.go    what is in the lists, and in which order; assets: templates, with all texts,
//	            and style sheet
//	paths.go    which directories and files are served
//	file.go     a file
//	headers.go  what browsers may do with pages and files
//	paced.go    disconnects clients that have stopped reading
//	viewers.go  Viewers: which clients may read reports
//
// It must not know the cluster, the report store, who the users are, or which replica
// leads: it is given a file system, Viewers, and functions that forward a request and
// say what an execution is.
package web
