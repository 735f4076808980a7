// Package manifest reads the NodeCronJobs of a file, and says all that is wrong in it.
//
// Package validate checks them as the controller does, before anything is sent. It must not know a client, nor what applying them changes.
package manifest
