// Package podtext renders a pod template that is a text: a Go template of a Pod. It is pure,
// and bounds what a template may cost. It knows what a pod is, and neither a Job nor what the
// controller adds to a pod: package jobspec does.
//
//	evaluate.go      executes a template over its data (Data)
//	functions.go     the functions that a template may call: bounded ones that make a text, and
//	                 those of package text/template
//	bounds.go        the bounds of its steps and its texts
//	decode.go        decodes what it renders to
//	decodeerrors.go  all values that do not fit into a pod
//	trace.go         the lines of the template from which the rendered lines come
package podtext
