// Package manifest reads the NodeCronJobs of a file, and says all that is wrong in it.
//
// It checks them as the controller does, with the controller's own package config, before
// anything is sent. It must not know a client, nor what applying them changes.
package manifest
