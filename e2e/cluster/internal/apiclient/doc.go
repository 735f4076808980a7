// Package apiclient has the few requests to the API server that the cluster needs. It does
// not use client-go, so that the supervisor links in a second.
package apiclient
