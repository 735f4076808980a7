// Package apiclient asks the API server the few things that the harness needs
// to know. It is no client-go, so that the supervisor links in a second.
package apiclient
