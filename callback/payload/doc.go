// Package payload decodes what pods send: events, forms with files, and the headers that
// describe a body. It finds the name of a file (of a part, only the last element
// of its path); package report checks and cuts it (files.go).
//
// It knows the documented formats and says in its errors what would be right. It must
// not know routes, gin, who the client is, responses, or where anything is stored. It
// does not know results: package metrics decodes them.
//
//	event.go      decodes an event
//	expand.go     the message of an event: its verbs and control characters
//	hint.go       what a malformed event, or a file without a name, was likely meant to be
//	form.go       the files of a form, one by one, and how many parts it may have
//	edges.go      what is before and after a form
//	name.go       the name of a file, from the query or a header
//	mediatype.go  the content type and the coding of a body
//	errors.go     the errors of the files above
package payload
